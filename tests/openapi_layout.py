"""How openapi/quantconf.yaml is written: short members in one line, texts of several lines as they are.

Like a formatter of code: tests/openapi.py holds the document to it, `make openapi` writes it.
"""

import yaml

WIDTH = 112
LONGEST_ENUM = 12


class Writer(yaml.SafeDumper):
    def increase_indent(self, flow=False, indentless=False):
        return super().increase_indent(flow, False)

    def ignore_aliases(self, data):
        return True


class InLine(dict):
    """A mapping in one line."""


class ListInLine(list):
    """The same for a list."""


def write_text(writer, value):
    lines = value.split("\n")
    literal = len(lines) > 1 and not any(line.endswith(" ") or "\t" in line for line in lines)
    return writer.represent_scalar("tag:yaml.org,2002:str", value, style="|" if literal else None)


Writer.add_representer(str, write_text)
Writer.add_representer(InLine, lambda w, v: w.represent_mapping("tag:yaml.org,2002:map", v, flow_style=True))
Writer.add_representer(ListInLine, lambda w, v: w.represent_sequence("tag:yaml.org,2002:seq", v, flow_style=True))


def size(value):
    if isinstance(value, dict):
        return sum(len(str(key)) + size(item) + 4 for key, item in value.items()) + 2
    if isinstance(value, list):
        return sum(size(item) + 2 for item in value) + 2
    return len(str(value))


def is_plain(value, longest):
    """No text in it has several lines, or is long."""
    if isinstance(value, dict):
        return all(is_plain(item, longest) for item in value.values())
    if isinstance(value, list):
        return all(is_plain(item, longest) for item in value)
    return not (isinstance(value, str) and ("\n" in value or len(value) > longest))


def in_line(value):
    if isinstance(value, dict):
        return InLine({key: in_line(item) for key, item in value.items()})
    if isinstance(value, list):
        return ListInLine([in_line(item) for item in value])
    return value


def is_short(value, key):
    """Of the description itself: references, lists of words, and schemas that say nothing but a type."""
    if isinstance(value, list):
        words = not any(isinstance(item, (dict, list)) for item in value)
        return key == "required" or (words and size(value) <= 88 and is_plain(value, 88)
                                     and not (key == "enum" and len(value) > LONGEST_ENUM))
    deep = any(isinstance(item, dict) and set(item) != {"$ref"} and not is_short(item, None) for item in value.values())
    return set(value) == {"$ref"} or (not deep and size(value) <= 78 and is_plain(value, 60) and "description" not in value)


def marked(value, key=None, depth=0, shown=False):
    if not isinstance(value, (dict, list)):
        return value
    shown = shown or key in ("example", "examples", "x-request")
    if shown and key not in ("example", "examples"):
        if size(value) <= 96 and is_plain(value, 70):
            return in_line(value)
    elif not shown and depth > 2 and is_short(value, key):
        return in_line(value)
    if isinstance(value, list):
        return [marked(item, None, depth + 1, shown) for item in value]
    return {name: marked(item, name, depth + 1, shown) for name, item in value.items()}


def write(document, text):
    """The document, with the comment that `text` begins with."""
    head = text.partition("\n")[0] + "\n"
    return head + yaml.dump(marked(document), Dumper=Writer, sort_keys=False, width=WIDTH, allow_unicode=True)

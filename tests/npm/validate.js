// Reads {"schema": …, "values": […]} and writes what a JSON Schema 2020-12 validator says of each value: true or false.
"use strict";
const Ajv = require(process.argv[2] + "/ajv/dist/2020").default;
let text = "";
process.stdin.setEncoding("utf8");
process.stdin.on("data", (piece) => (text += piece));
process.stdin.on("end", () => {
	const { schema, values } = JSON.parse(text);
	// Strict: a keyword that is unknown, or that cannot apply to the type beside it, is an error.
	const validate = new Ajv({ strict: true, strictTypes: false, strictRequired: false }).compile(schema);
	process.stdout.write(JSON.stringify(values.map((value) => validate(value))));
});

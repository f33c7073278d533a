"""Real certificates, made by openssl."""

import os
import shutil
import ssl
import subprocess
import unittest

NAMES = "subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1"


def openssl(*words, **more):
    return subprocess.run(["openssl", *words], check=True, capture_output=True, text=True, **more).stdout


def needed():
    if not shutil.which("openssl"):
        raise unittest.SkipTest("there is no openssl")


CURVE = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")


class Pair:
    """A certificate that vouches for itself, and its key, as files."""

    def __init__(self, folder, name, kind=CURVE):
        self.certificate = os.path.join(folder, name + ".crt")
        self.key = os.path.join(folder, name + ".key")
        openssl(
            "req", "-x509", *kind, "-nodes", "-days", "30", "-subj", f"/CN={name}",
            "-addext", NAMES, "-keyout", self.key, "-out", self.certificate,
        )  # fmt: skip

    @property
    def options(self):
        return ("--tls-certificate", self.certificate, "--tls-key", self.key)

    def context(self, version=None):
        """Of clients that trust this certificate alone."""
        context = ssl.create_default_context(cafile=self.certificate)
        if version:
            context.set_ciphers("ALL:@SECLEVEL=0")
            context.minimum_version = context.maximum_version = version
        return context


def chain(folder):
    """A root, an intermediate, a certificate: the file to serve, its key, and the root to trust."""
    root, middle, leaf = (os.path.join(folder, name) for name in ("root", "middle", "leaf"))
    new = (*CURVE, "-nodes")
    openssl("req", "-x509", *new, "-subj", "/CN=root", "-keyout", root + ".key", "-out", root + ".crt")
    for name, issuer, extension in (
        (middle, root, "basicConstraints=critical,CA:TRUE"),
        (leaf, middle, NAMES),
    ):
        openssl("req", *new, "-subj", "/CN=" + os.path.basename(name), "-keyout", name + ".key", "-out", name + ".csr")
        openssl(
            "x509", "-req", "-in", name + ".csr", "-CA", issuer + ".crt", "-CAkey", issuer + ".key",
            "-CAcreateserial", "-days", "30", "-extfile", "/dev/stdin", "-out", name + ".crt",
            input=extension,
        )  # fmt: skip
    served = os.path.join(folder, "chain.crt")
    with open(served, "w", encoding="ascii") as out:
        for name in (leaf, middle):
            with open(name + ".crt", encoding="ascii") as file:
                out.write(file.read())
    return served, leaf + ".key", root + ".crt"


AUTHORITY = """
[ca]
default_ca = this
[this]
database = {0}/index
rand_serial = yes
default_md = sha256
policy = any
[any]
commonName = supplied
"""


def sign_for(folder, pair, begin, end):
    """Signs the pair's certificate anew, valid between two years."""
    config = os.path.join(folder, "authority")
    request = os.path.join(folder, "request")
    with open(config, "w", encoding="ascii") as file:
        file.write(AUTHORITY.format(folder))
    open(os.path.join(folder, "index"), "w", encoding="ascii").close()
    openssl("x509", "-x509toreq", "-in", pair.certificate, "-signkey", pair.key, "-out", request)
    openssl(
        "ca", "-batch", "-notext", "-config", config, "-selfsign", "-keyfile", pair.key, "-in", request,
        "-startdate", f"{begin}0101000000Z", "-enddate", f"{end}0101000000Z", "-outdir", folder,
        "-out", pair.certificate,
    )  # fmt: skip

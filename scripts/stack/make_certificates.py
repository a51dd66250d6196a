"""Makes a private authority and server certificates for homeservers on loopback.

usage: make_certificates.py FOLDER NAME...
Writes FOLDER/ca.pem, and FOLDER/NAME.pem + NAME.key for each name. The authority's key is not
kept: the certificates are good for 10 years and for this machine's loopback only.
"""

import datetime
import ipaddress
import os
import sys

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

folder, names = sys.argv[1], sys.argv[2:]
os.makedirs(folder, mode=0o700, exist_ok=True)
start = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=1)
end = start + datetime.timedelta(days=3650)


def write(name, data):
    with open(os.open(os.path.join(folder, name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
              "wb") as file:
        file.write(data)


def named(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM)


authority_key = ec.generate_private_key(ec.SECP256R1())
authority_name = named("Qiao loopback authority")
authority = (
    x509.CertificateBuilder()
    .subject_name(authority_name).issuer_name(authority_name)
    .public_key(authority_key.public_key()).serial_number(x509.random_serial_number())
    .not_valid_before(start).not_valid_after(end)
    .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    .add_extension(x509.SubjectKeyIdentifier.from_public_key(authority_key.public_key()), False)
    .add_extension(x509.KeyUsage(False, False, False, False, False, True, True, False, False), True)
    .sign(authority_key, hashes.SHA256())
)
for name in names:
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        x509.CertificateBuilder()
        .subject_name(named("localhost")).issuer_name(authority_name)
        .public_key(key.public_key()).serial_number(x509.random_serial_number())
        .not_valid_before(start).not_valid_after(end)
        .add_extension(x509.SubjectAlternativeName([
            x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(
            authority_key.public_key()), False)
        .sign(authority_key, hashes.SHA256())
    )
    write(f"{name}.pem", pem(certificate))
    write(f"{name}.key", key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption()))
write("ca.pem", pem(authority))

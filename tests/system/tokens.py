"""Access tokens as only someone with a key, or a liar, would make them."""
import base64
import hashlib
import hmac
import json
import subprocess


def encoded(data):
    return base64.urlsafe_b64encode(data if isinstance(data, bytes) else json.dumps(data).encode()).decode().rstrip("=")


def decoded(part):
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def rs256(header, claims, key):
    """Signed with the private key of that file."""
    text = f"{encoded(header)}.{encoded(claims)}"
    signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", key], input=text.encode(), check=True,
                               capture_output=True).stdout
    return f"{text}.{encoded(signature)}"


def hs256(header, claims, secret):
    text = f"{encoded(header)}.{encoded(claims)}"
    return f"{text}.{encoded(hmac.new(secret, text.encode(), hashlib.sha256).digest())}"


def signed_again(token, key, seconds, **changed):
    """The token with its times moved and claims changed, signed with that key."""
    header, claims, _ = token.split(".")
    told = {**decoded(claims), **changed}
    told.update({name: told[name] + seconds for name in ("iat", "nbf", "exp")})
    return rs256(decoded(header), told, key)


def signing_key(cluster):
    keys = cluster.dir / "clusters" / "demo" / "secrets" / "jwt"
    return next(file for file in keys.glob("*.pem") if not file.name.endswith(".pub.pem"))

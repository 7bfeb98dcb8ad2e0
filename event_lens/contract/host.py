"""Host names in their canonical form, as browsers write them: `faß.de` is `xn--fa-hia.de`, and not `fass.de` as in IDNA
2003.
"""

import re
from functools import lru_cache

from ada_url import idna_to_ascii

MAX_LABEL = 63
# Characters that no host contains. IDNA would encode them along with the letters next to them.
_FORBIDDEN = re.compile(r"""[\x00-\x20"#%/:<>?@\[\\\]^`{|}~\x7f]""")


@lru_cache(maxsize=4096)
def ascii_host(host: str) -> str:
    """Return `host` in lower case and punycode, as WHATWG's URL standard defines. Raises `ValueError` if it is not a
    host.
    """
    if host.isascii():
        return host.lower()
    name = "" if _FORBIDDEN.search(host) else idna_to_ascii(host).decode("ascii")
    if not name or any(len(label) > MAX_LABEL for label in name.split(".")):
        raise ValueError(f"{host[:80]!r} is not the name of a host; write it as a browser's address bar shows it")
    return name

"""Settings are a list of data, read once from a mapping into a frozen object; nothing reads them at import."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from event_lens.contract.host import ascii_host
from event_lens.errors import Refused

Network = IPv4Network | IPv6Network

PREFIX = "EVENTLENS_"
HOME = "EVENTLENS_HOME"
ENV_FILE = "EVENTLENS_ENV_FILE"

# Variables that `orchestration.dbt` hands to dbt; they are derived from the settings and are not settings.
FOR_DBT = "EVENTLENS_DBT_"

LOG_LEVELS = ("debug", "info", "warning", "error")
SHORTEST_PASSWORD = 12


def _port(text: str) -> int:
    port = int(text)
    if not 0 < port < 65536:
        raise ValueError("a port is 1 to 65535")
    return port


def _address(text: str) -> str:
    return str(ip_address(text))


def _whole(text: str) -> int:
    number = int(text)
    if number < 0:
        raise ValueError("a whole number from 0 on")
    return number


def _raw_days(text: str) -> int:
    days = _whole(text)
    if 0 < days < 10:
        raise ValueError("0, or a whole number from 10 on")
    return days


def _at_least_one(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError("a whole number from 1 on")
    return number


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds < 86_400:
        raise ValueError("seconds, above 0 and under a day")
    return seconds


def _first_day(text: str) -> date:
    day = date.fromisoformat(text)
    if day.year < 1971:
        raise ValueError("a date from 1971-01-01 on")
    return day


def _url(text: str) -> str:
    if text and (urlsplit(text).scheme not in ("http", "https") or not urlsplit(text).hostname):
        raise ValueError("an http:// or https:// address")
    return text.rstrip("/")


def _urls(text: str) -> str:
    return ",".join(_url(part.strip()) for part in text.split(",") if part.strip())


def _smtp(text: str) -> str:
    if text and (urlsplit(text).scheme not in ("smtp", "smtps") or not urlsplit(text).hostname):
        raise ValueError("an address that begins with smtp:// or smtps://")
    return text


def _emails(text: str) -> tuple[str, ...]:
    addresses = tuple(part.strip() for part in text.split(",") if part.strip())
    if not all(re.fullmatch(r"[^@\s<>]+@[^@\s<>]+", address) for address in addresses):
        raise ValueError("e-mail addresses, by comma")
    return addresses


def _public_url(text: str) -> str:
    url = _url(text)
    parts = urlsplit(url)
    if parts.username is not None or parts.query or parts.fragment:
        raise ValueError("an address without a user, a query or a fragment")
    if parts.port == 0 or not ascii_host(parts.hostname or "x"):
        raise ValueError("the name of a host, and a port of 1 to 65535 if any")
    return url


def _password(text: str) -> str:
    if text and len(text) < SHORTEST_PASSWORD:
        raise ValueError(f"at least {SHORTEST_PASSWORD} characters")
    return text


def _cluster(text: str) -> str:
    if not re.fullmatch(r"[\w.-]*", text, re.ASCII):
        raise ValueError("letters, digits, `_`, `-` and `.`")
    return text


def _clusters(text: str) -> tuple[str, ...]:
    return tuple(_cluster(part.strip()) for part in text.split(",") if part.strip())


@dataclass(frozen=True)
class ShardHome:
    """The home of an embedded warehouse that is a shard, and the port of its native protocol."""

    folder: Path
    native_port: int


def _shard_homes(text: str) -> tuple[ShardHome, ...]:
    homes = []
    for part in text.split(","):
        folder, colon, port = part.strip().rpartition(":")
        if part.strip() and not colon:
            raise ValueError("folders, each with a colon and the port of its native protocol, by comma")
        if part.strip():
            homes.append(ShardHome(_folder(folder), _port(port)))
    if len({home.folder for home in homes}) < len(homes) or len({home.native_port for home in homes}) < len(homes):
        raise ValueError("folders and ports that differ")
    return tuple(homes)


def _rate_limit_store(text: str) -> str:
    if text != "memory" and urlsplit(text).scheme not in ("redis", "rediss"):
        raise ValueError("`memory`, or an address that begins with redis:// or rediss://")
    return text


def _registry_url(text: str) -> str:
    scheme = urlsplit(text).scheme.partition("+")[0]
    if scheme in ("mysql", "mariadb"):
        raise ValueError("MySQL is not supported as the registry, use PostgreSQL")
    if text and scheme not in ("sqlite", "postgresql", "postgres"):
        raise ValueError("an address that begins with postgresql:// or sqlite://")
    return text


def _dagster_database_url(text: str) -> str:
    if text and urlsplit(text).scheme != "postgresql":
        raise ValueError("an address that begins with postgresql://")
    return text


def _log_level(text: str) -> str:
    if text not in LOG_LEVELS:
        raise ValueError(f"one of {', '.join(LOG_LEVELS)}")
    return text


def _share(text: str) -> float:
    share = float(text)
    if not 0 <= share <= 1:
        raise ValueError("a number from 0 to 1")
    return share


def _base_path(text: str) -> str:
    if text and not text.startswith("/"):
        raise ValueError("a path that begins with /")
    return text.rstrip("/")


def _header_name(text: str) -> str:
    if not re.fullmatch(r"[\w-]*", text, re.ASCII):
        raise ValueError("the name of a header")
    return text.lower()


def _networks(text: str) -> tuple[Network, ...]:
    return tuple(ip_network(part.strip(), strict=False) for part in text.split(",") if part.strip())


def _file(text: str) -> Path | None:
    return Path(text).expanduser() if text else None


def _backups(text: str) -> str:
    return _public_url(text) if "://" in text else text


def _folder(text: str) -> Path:
    return Path(text).expanduser().absolute()


@dataclass(frozen=True)
class Setting:
    """One setting: the environment variable, its default as text, its description, and the parser of its text."""

    name: str
    default: str
    help: str
    parse: Callable[[str], Any]
    is_secret: bool = False

    @property
    def field(self) -> str:
        return self.name.removeprefix(PREFIX).lower()


SETTINGS: tuple[Setting, ...] = (
    Setting(HOME, ".eventlens", "The folder that holds everything that Event Lens writes.", _folder),
    Setting(
        ENV_FILE,
        "",
        "A file of settings, with one NAME=value per line; variables of the environment win over it. Empty: `.env` "
        "next to the home.",
        _file,
    ),
    Setting(
        "EVENTLENS_WAREHOUSE_URL",
        "",
        "The URL of ClickHouse's HTTP interface, with user and password if it needs them. If there are several shards, "
        "one URL per shard, separated by commas, in the cluster's order. Empty: the embedded warehouse.",
        _urls,
    ),
    Setting(
        "EVENTLENS_WAREHOUSE_CLUSTER",
        "",
        "If EVENTLENS_WAREHOUSE_URL is one address, the name of the cluster of replicas to which the server belongs: "
        "tables are made on all replicas; empty: on that server alone. If it is several addresses, the name of the "
        "cluster of all shards.",
        _cluster,
    ),
    Setting(
        "EVENTLENS_SHARD_CLUSTERS",
        "",
        "The name of the cluster of each shard's replicas, separated by commas, in the order of the addresses. Empty: "
        "each shard is one server.",
        _clusters,
    ),
    Setting(
        "EVENTLENS_SHARD_HOMES",
        "",
        "The homes of embedded warehouses on this machine that are shards of one warehouse, separated by commas, each "
        "with a colon and the port of its native protocol. The first has the registry. Empty: one embedded warehouse.",
        _shard_homes,
    ),
    Setting(
        "EVENTLENS_SHARD", "1", "The number of the shard that this home builds, if shards are servers.", _at_least_one
    ),
    Setting("EVENTLENS_WAREHOUSE_PORT", "8123", "Port of the embedded warehouse for SQL over HTTP.", _port),
    Setting(
        "EVENTLENS_WAREHOUSE_HOST",
        "127.0.0.1",
        "Address at which the embedded warehouse answers SQL over HTTP. An address that other machines can reach needs "
        "a SQL user named analyst (eventlens sql-user create), so that every user has a password.",
        _address,
    ),
    Setting(
        "EVENTLENS_WAREHOUSE_NATIVE_PORT",
        "9000",
        "Port of the embedded warehouse for ClickHouse's native protocol, for its services and other servers.",
        _port,
    ),
    Setting(
        "EVENTLENS_HOST",
        "127.0.0.1",
        "Address at which the collector, the query API and Dagster answer; 0.0.0.0: every address of this machine. "
        "For an address that other machines can reach, Dagster needs EVENTLENS_DAGSTER_PASSWORD.",
        _address,
    ),
    Setting(
        "EVENTLENS_PUBLIC_URL",
        "",
        "The address under which a proxy serves Event Lens to browsers, such as https://stats.example.com: snippets "
        "and links name it, and Dagster answers under its host.",
        _public_url,
    ),
    Setting("EVENTLENS_COLLECTOR_PORT", "3002", "Port of the collector.", _port),
    Setting("EVENTLENS_QUERY_PORT", "3003", "Port of the query API.", _port),
    Setting("EVENTLENS_DAGSTER_PORT", "3000", "Port of Dagster's web interface.", _port),
    Setting(
        "EVENTLENS_DAGSTER_PATH", "", "A path under which Dagster's pages are served, such as /dagster.", _base_path
    ),
    Setting(
        "EVENTLENS_DAGSTER_PASSWORD",
        "",
        "The password that Dagster asks for (HTTP Basic, any user name), 12 characters or more. Empty: Dagster answers "
        "only this machine, and no proxy.",
        _password,
        is_secret=True,
    ),
    Setting("EVENTLENS_COLLECTOR_WORKERS", "1", "Worker processes of the collector.", _at_least_one),
    Setting(
        "EVENTLENS_QUERY_URL",
        "",
        "The address of the query API, with its base path, for `eventlens ask`, `eventlens mcp` and the Python client. "
        "Empty: they ask the warehouse of the home.",
        _url,
    ),
    Setting("EVENTLENS_QUERY_KEY", "", "The read key for that query API, as ID:SECRET.", str.strip),
    Setting(
        "EVENTLENS_QUERY_PROJECT",
        "",
        "The project that the Python client and notebooks ask about, if a home or a lake has several projects.",
        str.strip,
    ),
    Setting(
        "EVENTLENS_REGISTRY_URL",
        "",
        "The registry's database. Several machines need PostgreSQL: postgresql://user:password@host/database. Empty: a "
        "SQLite file in the home.",
        _registry_url,
    ),
    Setting(
        "EVENTLENS_DAGSTER_DATABASE_URL",
        "",
        "A PostgreSQL database for Dagster's runs and events, which nothing else uses: "
        "postgresql://user:password@host/database. Empty: SQLite files in the home.",
        _dagster_database_url,
    ),
    Setting("EVENTLENS_BASE_PATH", "", "A path under which every route is served again, such as /api/v1.", _base_path),
    Setting(
        "EVENTLENS_GEOIP_DB",
        "",
        "A city or country database in MaxMind's format, read when the collector starts; "
        "empty: the database that `eventlens geo install` has put into the home, or no places if there is none.",
        _file,
    ),
    Setting(
        "EVENTLENS_TRUSTED_PROXIES",
        "",
        "Networks of proxies whose headers with the client's address are believed, separated by commas.",
        _networks,
    ),
    Setting(
        "EVENTLENS_CLIENT_IP_HEADER",
        "",
        "The header in which these proxies write the client's address, replacing a value that the visitor sent, such "
        "as X-Real-IP or CF-Connecting-IP. Empty: X-Forwarded-For or, if it is missing, Forwarded.",
        _header_name,
    ),
    Setting(
        "EVENTLENS_RATE_LIMIT",
        "1000",
        "Requests per minute, client and address without a verified secret; "
        "each event of a batch counts as a request; 0 means no limit.",
        _whole,
    ),
    Setting(
        "EVENTLENS_RATE_LIMIT_STORE",
        "memory",
        "Where requests are counted for this limit: `memory` (each worker has its share of the limit), or a "
        "redis:// or rediss:// address that all workers and machines share.",
        _rate_limit_store,
    ),
    Setting(
        "EVENTLENS_FAILED_KEYS",
        "20",
        "Wrong keys per minute from one address. After that, the query API accepts from this address only keys that "
        "were right within the last hour, and Dagster's page only such passwords; 0 means no limit.",
        _whole,
    ),
    Setting("EVENTLENS_BATCH_EVENTS", "10000", "Rows after which a spool segment is sealed and landed.", _at_least_one),
    Setting("EVENTLENS_BATCH_SECONDS", "1", "Seconds after which a spool segment is sealed and landed.", _seconds),
    Setting(
        "EVENTLENS_SPOOL_MAX_BYTES", "10737418240", "Spool size at which the collector answers 503.", _at_least_one
    ),
    Setting("EVENTLENS_FIRST_DAY", "2015-01-01", "Events before this date are rejected; from 1971 on.", _first_day),
    Setting(
        "EVENTLENS_BUILD_MEMORY_BYTES",
        "4000000000",
        "Bytes of memory that one statement of a build may take; two statements run at a time, four on a server. A "
        "build over many events inserts them in chunks that fit.",
        _at_least_one,
    ),
    Setting(
        "EVENTLENS_BUILD_STATEMENT_SECONDS",
        "900",
        "Seconds that one statement of a build may take. If one takes longer, the build looks for the projects that "
        "cause this, and sets aside each that alone takes more than an eighth of the time. A single project may take "
        "all of it.",
        _at_least_one,
    ),
    Setting(
        "EVENTLENS_RAW_TTL_DAYS",
        "0",
        "Days for which `eventlens expire` keeps raw rows of projects that set no number, 10 or more; 0 keeps all.",
        _raw_days,
    ),
    Setting(
        "EVENTLENS_BACKUPS",
        "",
        "The place to which `eventlens backup` writes and from which `restore` reads: a folder of the warehouse's "
        "machine, or the https:// address of an S3 bucket, if you like with a folder in it. The embedded warehouse "
        "reads this when it starts. Empty: `backups` in the home.",
        _backups,
    ),
    Setting("EVENTLENS_BACKUPS_KEY", "", "The id of the bucket's access key.", str.strip),
    Setting("EVENTLENS_BACKUPS_SECRET", "", "The secret of that key.", str.strip, is_secret=True),
    Setting(
        "EVENTLENS_ALERT_WEBHOOK",
        "",
        "The address to which alerts are posted, as JSON with a `text` as Slack takes it; empty: none.",
        _url,
        is_secret=True,
    ),
    Setting("EVENTLENS_ALERT_EMAIL", "", "E-mail addresses that get alerts, separated by commas.", _emails),
    Setting("EVENTLENS_ALERT_EMAIL_FROM", "", "The sender of alerts; empty: the first of these addresses.", str.strip),
    Setting(
        "EVENTLENS_ALERT_SMTP",
        "smtp://127.0.0.1:25",
        "The server that sends alerts by e-mail: smtp:// (with STARTTLS if the server offers it) or smtps://, with "
        "user and password if it needs them.",
        _smtp,
        is_secret=True,
    ),
    Setting(
        "EVENTLENS_ALERT_NETWORKS",
        "",
        "Private networks to which alerts may be sent, separated by commas, such as 127.0.0.0/8 for a mail server on "
        "this machine. Any other address that is not public is refused.",
        _networks,
    ),
    Setting(
        "EVENTLENS_ALERT_LANDING_SECONDS",
        "300",
        "Seconds for which an event may wait to land; after that there is an alert.",
        _at_least_one,
    ),
    Setting(
        "EVENTLENS_ALERT_SPOOL_BYTES",
        "1073741824",
        "Bytes that may wait in the spool; if it is larger, there is an alert.",
        _at_least_one,
    ),
    Setting(
        "EVENTLENS_LOG_LEVEL",
        "info",
        "The least severe lines that are logged: debug (a line per request), info (a line per question), warning, "
        "error.",
        _log_level,
    ),
    Setting(
        "EVENTLENS_OTLP_ENDPOINT",
        "",
        "The address to which traces of requests, questions, landings and builds are sent by OTLP over HTTP, such as "
        "http://127.0.0.1:4318. It needs the packages of `.[traces]`. Empty: nothing is traced.",
        _url,
    ),
    Setting(
        "EVENTLENS_TRACE_SHARE",
        "0.01",
        "The share of requests that are traced, from 0 to 1; landings and builds are always traced.",
        _share,
    ),
    Setting(
        "EVENTLENS_LOG_FOLDER",
        "",
        "The folder in which `eventlens up` writes a log file of each part, of 10 MB at most, and keeps the five "
        "before it. Empty: no log files.",
        _file,
    ),
)


@dataclass(frozen=True)
class Settings:
    """The settings of one process; a field for each of `SETTINGS`, in lower case and without the prefix."""

    home: Path
    env_file: Path | None
    warehouse_url: str
    warehouse_cluster: str
    shard_clusters: tuple[str, ...]
    shard_homes: tuple[ShardHome, ...]
    shard: int
    warehouse_port: int
    warehouse_host: str
    warehouse_native_port: int
    host: str
    public_url: str
    collector_port: int
    query_port: int
    dagster_port: int
    dagster_path: str
    dagster_password: str
    collector_workers: int
    query_url: str
    query_key: str
    query_project: str
    registry_url: str
    dagster_database_url: str
    base_path: str
    geoip_db: Path | None
    trusted_proxies: tuple[Network, ...]
    client_ip_header: str
    rate_limit: int
    rate_limit_store: str
    failed_keys: int
    batch_events: int
    batch_seconds: float
    spool_max_bytes: int
    first_day: date
    build_memory_bytes: int
    build_statement_seconds: int
    raw_ttl_days: int
    backups: str
    backups_key: str
    backups_secret: str
    alert_webhook: str
    alert_email: tuple[str, ...]
    alert_email_from: str
    alert_smtp: str
    alert_networks: tuple[Network, ...]
    alert_landing_seconds: int
    alert_spool_bytes: int
    log_level: str
    otlp_endpoint: str
    trace_share: float
    log_folder: Path | None

    @property
    def is_embedded(self) -> bool:
        """Return whether Event Lens serves the warehouse itself."""
        return not self.warehouse_url

    def local_url(self, port: int) -> str:
        """Return the URL at which a program on this machine reaches the part that listens on `port` of `host`."""
        address = ip_address(self.host)
        if address.is_unspecified:
            address = ip_address("127.0.0.1" if address.version == 4 else "::1")
        return f"http://[{address}]:{port}" if address.version == 6 else f"http://{address}:{port}"

    @property
    def dagster_url(self) -> str:
        return self.local_url(self.dagster_port) + self.dagster_path

    @property
    def registry_address(self) -> str:
        """Return the address of the registry as a SQLAlchemy URL."""
        if not self.registry_url:
            home = self.shard_homes[0].folder if self.shard_homes else self.home
            return f"sqlite:///{home / 'registry.db'}"
        scheme, _, rest = self.registry_url.partition("://")
        return f"postgresql+psycopg://{rest}" if scheme in ("postgres", "postgresql") else self.registry_url


def home_of(environ: Mapping[str, str]) -> Path:
    """Return the home that `environ` names, or the default one."""
    return _folder(environ.get(HOME, "").strip() or SETTINGS[0].default)


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Return the settings in `environ`; unset or empty ones take their default.

    Raises `Refused` (`setting_invalid`), which names the setting and its valid values, also for an unknown EVENTLENS_
    name, so that a misspelt name does not go unnoticed.
    """
    known = {setting.name for setting in SETTINGS}
    ours = (name for name in environ if name.startswith(PREFIX) and not name.startswith(FOR_DBT))
    unknown = sorted(name for name in ours if name not in known)
    if unknown:
        raise Refused(f"Unknown setting {', '.join(unknown)}; docs/settings.md lists them all.", code="setting_invalid")
    values: dict[str, Any] = {}
    for setting in SETTINGS:
        text = environ.get(setting.name, "").strip() or setting.default
        try:
            values[setting.field] = setting.parse(text)
        except ValueError as error:
            shown = repr(text)
            if setting.is_secret or "@" in text:
                shown = "not shown here, for it may hold a password"
            raise Refused(f"{setting.name} is {shown}: {error}. {setting.help}", code="setting_invalid") from error
    return Settings(**values)

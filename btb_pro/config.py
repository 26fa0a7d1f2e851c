"""Settings: the only module that reads the environment.

Each setting carries the prefix ``BTB_`` and lies in ``<instance>/settings.env``; the environment overrides
the file, and ``BTB_INSTANCE`` names the folder.
"""

import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypedDict
from urllib.parse import urlsplit

from btb_pro.outside import (
    MailServer,
    OutsideRefused,
    SmsGateway,
    read_mail_server,
    read_receiver,
    read_sender,
    read_sms_gateway,
)
from btb_pro.refusals import PlainRefusal

SETTINGS_FILE = "settings.env"
_SHORTEST_KEY = 32


_SMS_SENDER = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ]{0,9}[A-Za-z0-9]|[A-Za-z0-9]|\+[0-9]{5,15}")


class SettingError(PlainRefusal):
    """A setting is wrong or missing. The message is one sentence that names it and says what to do."""


class _Outside(TypedDict):
    mail_server: MailServer | None
    mail_from: str
    alarm_to: str
    sms_gateway: SmsGateway | None
    sms_from: str


@dataclass(frozen=True, slots=True)
class Settings:
    """What one running instance was told. Key lists are newest first."""

    instance: Path
    database_url: str
    base_url: str
    secret_keys: tuple[str, ...] = field(repr=False)
    link_keys: tuple[str, ...] = field(repr=False)
    contact_keys: tuple[str, ...] = field(repr=False)
    trusted_hosts: tuple[str, ...]
    proxy_hops: int
    study_file: Path
    backup_keys: tuple[str, ...] = field(default=(), repr=False)
    """age keys, newest first: secret ones, or public ones when the secret one is kept elsewhere."""
    mail_server: MailServer | None = field(default=None, repr=False)
    mail_from: str = ""
    """What e-mail comes from, as the header has it: ``BackToBasic <post@hospital.example>``."""
    alarm_to: str = ""
    """Whom `btb-pro work` writes to when the instance needs a person; nobody if empty."""
    sms_gateway: SmsGateway | None = field(default=None, repr=False)
    sms_from: str = ""
    hook_keys: tuple[str, ...] = field(default=(), repr=False)
    """Secrets of those who may report what became of a message."""
    needs_second_factor: bool = True
    """Whether the staff sign in with a second factor; only an instance that is no production may say no."""
    redcap_url: str = ""
    redcap_token: str = field(default="", repr=False)

    @property
    def is_production(self) -> bool:
        """A base URL in https: then, and only then, cookies are Secure and HSTS is sent."""
        return self.base_url.startswith("https://")

    @property
    def channels(self) -> tuple[str, ...]:
        """What messages can go out by: ``email``, ``sms``."""
        can = {"email": self.mail_server is not None, "sms": self.sms_gateway is not None}
        return tuple(channel for channel, is_set_up in can.items() if is_set_up)


def instance_folder(environ: Mapping[str, str] | None = None) -> Path:
    """The folder that holds settings, study file and database: BTB_INSTANCE, else ``instance`` here."""
    environ = os.environ if environ is None else environ
    return Path(environ.get("BTB_INSTANCE") or "instance").absolute()


def environment_of(instance: Path) -> dict[str, str]:
    """This process's environment, for a command of ours that works on an instance."""
    return {**os.environ, "BTB_INSTANCE": str(instance)}


def read_settings(instance: Path | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """The settings of an instance.

    Raises:
        SettingError: a setting is wrong or missing, or the settings file may be read by others.
    """
    environ = os.environ if environ is None else environ
    instance = instance_folder(environ) if instance is None else instance
    values = stated_settings(instance, environ)
    settings = Settings(
        instance=instance,
        database_url=values.get("BTB_DATABASE_URL") or f"sqlite:///{instance / 'btb.db'}",
        base_url=_base_url(values, instance),
        secret_keys=_keys(values, "BTB_SECRET_KEYS"),
        link_keys=_keys(values, "BTB_LINK_KEYS"),
        contact_keys=_keys(values, "BTB_CONTACT_KEYS"),
        trusted_hosts=_list(values.get("BTB_TRUSTED_HOSTS", "")),
        proxy_hops=_whole_number(values, "BTB_PROXY_HOPS"),
        study_file=Path(values.get("BTB_STUDY") or instance / "study.toml"),
        backup_keys=_backup_keys(values),
        **_outside(values),
        hook_keys=_keys(values, "BTB_HOOK_KEYS") if values.get("BTB_HOOK_KEYS") else (),
        needs_second_factor=_second_factor(values) == "required",
        redcap_url=values.get("BTB_REDCAP_URL", ""),
        redcap_token=values.get("BTB_REDCAP_TOKEN", ""),
    )
    if settings.is_production:
        _check_production(settings)
    return settings


def stated_settings(instance: Path, environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Every setting by name as file and environment state it, unchecked.

    Raises:
        SettingError: the file cannot be read, or a line of it is no setting.
    """
    environ = os.environ if environ is None else environ
    return _read_file(instance / SETTINGS_FILE) | {
        name: value for name, value in environ.items() if name.startswith("BTB_")
    }


def write_settings(instance: Path, values: Mapping[str, str]) -> None:
    """Write the settings file, readable by its owner alone from the first byte on."""
    path = instance / SETTINGS_FILE
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write("# btb_pro's settings. The environment overrides them. Keep this file secret.\n")
        file.writelines(f"{name}={value}\n" for name, value in values.items())


def add_settings(instance: Path, values: Mapping[str, str]) -> None:
    """Add settings to the end of the settings file; what stands there already is left as it is."""
    path = instance / SETTINGS_FILE
    if not path.exists():
        write_settings(instance, values)
        return
    ends_in_line = path.read_bytes()[-1:] in (b"", b"\n")
    with path.open("a", encoding="utf-8") as file:
        file.write("" if ends_in_line else "\n")
        file.writelines(f"{name}={value}\n" for name, value in values.items())


def host_of(base_url: str) -> str:
    """The host name in a base URL.

    Raises:
        SettingError: it is no address that a link can begin with.
    """
    try:
        parts = urlsplit(base_url)
        host = parts.hostname if parts.port != 0 else None
    except ValueError:
        host = None
    if not host or parts.scheme not in ("http", "https") or parts.query or parts.fragment:
        raise SettingError("BTB_BASE_URL must be an address like https://btb.hospital.example.")
    return host


def _read_file(path: Path) -> dict[str, str]:
    try:
        text = path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError(f"{path} cannot be read ({error}): mend its rights or its contents.") from error
    values = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, equals, value = line.partition("=")
        if not equals or not name.strip().startswith("BTB_"):
            raise SettingError(f"{path}, line {number}: expected BTB_NAME=value.")
        values[name.strip()] = value.strip()
    return values


def _base_url(values: Mapping[str, str], instance: Path) -> str:
    text = values.get("BTB_BASE_URL", "")
    if not text:
        raise SettingError(
            f"BTB_BASE_URL is missing: run btb-pro init, or set it in {instance / SETTINGS_FILE}."
        )
    host_of(text)
    return text.rstrip("/")


def _keys(values: Mapping[str, str], name: str) -> tuple[str, ...]:
    keys = _list(values.get(name, ""))
    if not keys:
        raise SettingError(f"{name} is missing: run btb-pro init, which makes one.")
    if any(len(key) < _SHORTEST_KEY for key in keys):
        raise SettingError(f"{name} holds a key of fewer than {_SHORTEST_KEY} characters: make a longer one.")
    return keys


def _backup_keys(values: Mapping[str, str]) -> tuple[str, ...]:
    keys = _list(values.get("BTB_BACKUP_KEY", ""))
    if not all(key.startswith(("AGE-SECRET-KEY-1", "age1")) for key in keys):
        raise SettingError(
            "BTB_BACKUP_KEY must hold age keys, which begin with AGE-SECRET-KEY-1 or age1: "
            "take the line out and run btb-pro init, which makes one."
        )
    return keys


def _outside(values: Mapping[str, str]) -> _Outside:
    """The servers that messages leave by; a channel without an address is one that nothing is sent by."""
    is_production = values.get("BTB_BASE_URL", "").startswith("https://")
    mail, sms = values.get("BTB_SMTP_URL", ""), values.get("BTB_SMS_URL", "")
    try:
        return _Outside(
            mail_server=read_mail_server(mail, needs_tls=is_production) if mail else None,
            mail_from=read_sender(values.get("BTB_MAIL_FROM", "")) if mail else "",
            alarm_to=_alarm_to(values),
            sms_gateway=read_sms_gateway(sms) if sms else None,
            sms_from=_sms_from(values) if sms else "",
        )
    except OutsideRefused as error:
        raise SettingError(str(error)) from error


def _alarm_to(values: Mapping[str, str]) -> str:
    text = values.get("BTB_ALARM_TO", "")
    if text and not values.get("BTB_SMTP_URL"):
        raise SettingError("BTB_ALARM_TO needs BTB_SMTP_URL and BTB_MAIL_FROM: alarms go out by e-mail.")
    return read_receiver(text) if text else ""


def _sms_from(values: Mapping[str, str]) -> str:
    text = values.get("BTB_SMS_FROM", "")
    if not _SMS_SENDER.fullmatch(text):
        raise SettingError(
            "BTB_SMS_FROM must be what an SMS comes from: 1 to 11 letters a to z and digits, "
            "or a number that begins with +."
        )
    return text


def _list(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _whole_number(values: Mapping[str, str], name: str) -> int:
    text = values.get(name, "0") or "0"
    if not text.isascii() or not text.isdigit() or int(text) > 9:
        raise SettingError(f"{name} must be a whole number from 0 to 9: how many proxies stand in front.")
    return int(text)


def _second_factor(values: Mapping[str, str]) -> str:
    text = values.get("BTB_SECOND_FACTOR") or "required"
    if text not in ("required", "optional"):
        raise SettingError("BTB_SECOND_FACTOR must be required or optional.")
    return text


def _check_production(settings: Settings) -> None:
    if not settings.trusted_hosts:
        raise SettingError("BTB_TRUSTED_HOSTS is missing: name the host of BTB_BASE_URL.")
    if not settings.needs_second_factor:
        raise SettingError("BTB_SECOND_FACTOR must be required in production: take the line out.")
    path = settings.instance / SETTINGS_FILE
    if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise SettingError(f"{path} may be read by others: run chmod 600 on it.")

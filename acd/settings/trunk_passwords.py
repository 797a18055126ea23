"""The passwords that providers gave us: from the environment or from secrets.yml, never from trunks.yml."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from acd.errors import OperatorError
from acd.settings.outside import Login, TrunkSpec
from acd.settings.secret_variables import secret_variable
from acd.settings.secrets import is_provider_password


def trunk_passwords(
    trunks: Iterable[TrunkSpec], environment: Mapping[str, str], stored: Mapping[str, str]
) -> dict[str, str]:
    """The password of every login of the trunks, by the names of `TrunkSpec.password_owners`.

    Raises OperatorError that names all that are missing, and where each was looked for.
    """
    found: dict[str, str] = {}
    faults: list[str] = []
    for trunk in trunks:
        for name, login in trunk.password_owners().items():
            variable = login.password_env
            password = secret_variable(environment, variable) if variable else stored.get(name)
            if not password:
                faults.append(f"trunk {trunk.id}: no password for '{login.user}'; {_advice(name, login)}")
            elif not is_provider_password(password):
                faults.append(f"trunk {trunk.id}: the password of '{login.user}' is not printable ASCII")
            else:
                found[name] = password
    if faults:
        raise OperatorError("\n".join(faults))
    return found


def _advice(name: str, login: Login) -> str:
    if login.password_env:
        return f"set the variable {login.password_env}, or {login.password_env}_FILE to a file with it"
    return f"write it into secrets.yml below 'trunks:' as '{name}: \"…\"'"

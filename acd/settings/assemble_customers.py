"""config/customers.yml turned into what is used of it."""

from __future__ import annotations

from pathlib import Path

from acd.errors import SettingsError
from acd.settings.customer_settings import CustomerSettings, CustomField, FieldType, HttpDirectory, Link
from acd.settings.document import read_document
from acd.settings.schema.customers import CustomersFile
from acd.settings.schema.system import SystemFile
from acd.settings.validate import validate

FILE = "customers.yml"


def assemble_customers(file: CustomersFile | None, system: SystemFile) -> CustomerSettings:
    """Of files without faults; without customers.yml all is as it is by default."""
    section = system.system
    file = file or CustomersFile()
    http = file.directory.http if file.directory is not None else None
    return CustomerSettings(
        fields={
            name: CustomField(
                name,
                entry.label,
                FieldType(entry.type),
                entry.required,
                entry.in_pop,
                entry.masked,
                entry.choices,
            )
            for name, entry in file.fields.items()
        },
        http=None
        if http is None
        else HttpDirectory(http.url, dict(http.headers), http.timeout_s, http.cache_s, dict(http.map)),
        links=tuple(Link(entry.label, entry.url) for entry in file.links),
        greetings=file.greetings,
        arrival_wait_s=file.arrival_wait_s,
        country=section.country,
        language=section.language,
        centre=section.name,
    )


def read_customer_settings(config_dir: Path) -> CustomerSettings:
    """Of all the configuration, two files. Raises SettingsError with the mistakes of both."""
    documents = [read_document(config_dir / "system.yml")]
    system = validate(documents[0], SystemFile)
    customers = None
    if (config_dir / FILE).exists():
        documents.append(read_document(config_dir / FILE))
        customers = validate(documents[1], CustomersFile)
    if system is None or any(document.has_errors for document in documents):
        raise SettingsError([str(problem) for document in documents for problem in document.problems])
    return assemble_customers(customers, system)

"""Back-up and restore of a centre: one archive, made while it runs, and put back into an empty home.

about.json          what this is: version, tables, when, what is in it
records.sqlite3     the database at one moment; or records.pgdump, as `pg_dump` writes it
secrets.yml         or secrets.yml.sealed, which only the passphrase opens
config/ ivr_flows/  the centre's own files as they were on disk
versions/           configuration and flows that were active
home/               small files of ACD_HOME that belong to the data
journal/            where it was asked for
recordings/         where they were to be inside; else `recordings.sha256` names those beside the archive
SHA256SUMS          of all of it, the last file: an archive without it is not whole
"""

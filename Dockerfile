# The controller. Asterisk is an image of its own: asterisk/Dockerfile.
FROM python:3.11-slim-bookworm

# flite and espeak-ng speak the texts of the flows, sox makes telephone sound of it.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends flite espeak-ng sox \
 && rm -rf /var/lib/apt/lists/*

# The same number in both images: the two share Asterisk's configuration, which only its owner may read.
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin acd \
 && install -d -m 700 -o acd -g acd /var/lib/acd /var/lib/acd/asterisk /var/lib/acd/sounds \
    /var/lib/acd/versions /var/lib/acd/recordings

WORKDIR /opt/acd
COPY requirements.lock ./
RUN python3 -m pip install --no-cache-dir --disable-pip-version-check --require-hashes --requirement requirements.lock
COPY acd acd
COPY asterisk asterisk
RUN printf '#!/bin/sh\nexec python3 -m acd "$@"\n' >/usr/local/bin/acd \
 && chmod 755 /usr/local/bin/acd \
 && python3 -m compileall -q acd

ENV ACD_HOME=/var/lib/acd PYTHONPATH=/opt/acd PYTHONUNBUFFERED=1
USER acd
CMD ["acd", "run"]

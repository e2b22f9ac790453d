# syntax=docker/dockerfile:1
FROM python:3.13-slim-trixie AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/dispatch
ENV PATH=/opt/dispatch/bin:$PATH
WORKDIR /app
COPY requirements.txt requirements-build.txt ./
RUN pip install --require-hashes -r requirements.txt -r requirements-build.txt
COPY pyproject.toml README.md LICENSE ./
COPY dispatch dispatch
RUN pip install --no-deps --no-build-isolation --editable . \
    && python -m compileall -q dispatch

FROM python:3.13-slim-trixie
LABEL org.opencontainers.image.title="dispatch" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV PATH=/opt/dispatch/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    DISPATCH_DATA_DIR=/data DISPATCH_HOST=0.0.0.0
# pg_dump and pg_restore for `dispatch backup`; they may be newer than the server, never older.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends postgresql-client \
    && rm -rf /var/lib/apt/lists/*
RUN groupadd --system --gid 10001 dispatch \
    && useradd --system --uid 10001 --gid dispatch --home-dir /nonexistent --shell /usr/sbin/nologin dispatch \
    && install -d -o dispatch -g dispatch -m 0700 /data /backups
COPY --from=build /opt/dispatch /opt/dispatch
WORKDIR /app
COPY --from=build /app /app
COPY migrations migrations
COPY config config
COPY console/dist console/dist
USER 10001:10001
VOLUME ["/data", "/backups"]
EXPOSE 8000
ENTRYPOINT ["dispatch"]
CMD ["web"]

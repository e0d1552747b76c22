-- Times are microseconds since 1970-01-01 UTC. "Sealed" columns hold ciphertext bound to table, column and row.

CREATE TABLE people (
    person_ref       TEXT    NOT NULL PRIMARY KEY, -- random UUID: all that the audit log knows of a person
    person_id        TEXT    NOT NULL UNIQUE,
    wrapped_key      BYTEA,                         -- sealed data key; NULL once the profile is revoked
    master_version   BIGINT,                       -- master key version that wraps it
    key_version      BIGINT  NOT NULL,             -- which data key of this person it is, from 1
    state            TEXT    NOT NULL,
    version          BIGINT  NOT NULL,
    created_at       BIGINT  NOT NULL,
    updated_at       BIGINT  NOT NULL,
    revoked_at       BIGINT,
    last_verified_at BIGINT
);
CREATE INDEX people_master_version ON people (master_version);

CREATE TABLE voice_templates (
    person_ref TEXT NOT NULL REFERENCES people (person_ref) ON DELETE CASCADE,
    model_id   TEXT NOT NULL,
    sealed     BYTEA NOT NULL,
    PRIMARY KEY (person_ref, model_id)
);

CREATE TABLE voice_auth_logs (
    seq        BIGINT  NOT NULL PRIMARY KEY,
    at         BIGINT  NOT NULL,
    kind       TEXT    NOT NULL,
    actor      TEXT    NOT NULL,
    person_ref TEXT,
    outcome    TEXT    NOT NULL,
    request_id TEXT,
    payload    BYTEA    NOT NULL, -- the record as JSON, exactly the bytes under the MAC
    mac        BYTEA    NOT NULL
);
CREATE INDEX voice_auth_logs_at ON voice_auth_logs (at);
CREATE INDEX voice_auth_logs_person ON voice_auth_logs (person_ref, seq);
CREATE INDEX voice_auth_logs_request ON voice_auth_logs (request_id);

-- One row: the end of the chain, signed, and the key of the chain, wrapped by the master key.
CREATE TABLE audit_chain (
    id             BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    records        BIGINT NOT NULL,
    head           BYTEA   NOT NULL,
    mac            BYTEA   NOT NULL,
    wrapped_key    BYTEA   NOT NULL,
    master_version BIGINT NOT NULL
);

CREATE TABLE audit_checkpoints (
    records BIGINT NOT NULL PRIMARY KEY,
    head    BYTEA   NOT NULL,
    mac     BYTEA   NOT NULL
);

CREATE TABLE api_keys (
    id         TEXT   NOT NULL PRIMARY KEY,
    name       TEXT   NOT NULL,
    hash       BYTEA   NOT NULL UNIQUE,
    scopes     TEXT   NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    revoked_at BIGINT
);

CREATE TABLE config_overrides (
    id        BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    version   BIGINT NOT NULL,
    overrides TEXT   NOT NULL
);

CREATE TABLE idempotency_keys (
    actor        TEXT   NOT NULL,
    client_key   TEXT   NOT NULL,
    fingerprint  BYTEA   NOT NULL,
    reserved_at  BIGINT NOT NULL,
    status       BIGINT,         -- NULL while the request is being worked on
    content_type TEXT,
    body         BYTEA,
    PRIMARY KEY (actor, client_key)
);
CREATE INDEX idempotency_keys_reserved_at ON idempotency_keys (reserved_at);

-- Remembered answers are sealed and belong to a person. Those of the old table were plain and go with it: they live for
-- hours.
DROP TABLE idempotency_keys;

CREATE TABLE idempotency_keys (
    actor       TEXT   NOT NULL,
    client_key  BYTEA  NOT NULL, -- SHA-256 of what the client sent, which may name somebody
    fingerprint BYTEA  NOT NULL,
    attempt     TEXT   NOT NULL, -- random UUID of the attempt that holds the key; no other settles it
    reserved_at BIGINT NOT NULL,
    answered    BIGINT NOT NULL DEFAULT 0, -- 1 once the request was answered
    person_ref  TEXT,            -- whom the answer speaks of
    answer      BYTEA,           -- sealed; NULL once it was erased
    PRIMARY KEY (actor, client_key)
);
CREATE INDEX idempotency_keys_reserved_at ON idempotency_keys (reserved_at);
CREATE INDEX idempotency_keys_person ON idempotency_keys (person_ref);

-- Voice login. A challenge for somebody who is not here is kept as well, under a reference and a key derived from the name, so
-- that answering it tells nothing.

-- A stranger who asks in a person's name pushes out only what was asked for from the same network address: the person, and a
-- keyed hash of the address.
ALTER TABLE challenges ADD COLUMN lane TEXT NOT NULL DEFAULT '';
CREATE INDEX challenges_lane ON challenges (lane, issued_at, id_hash);

-- So do the fingerprints of attempts: what the person said pushes out none but its like, and what others said neither.
ALTER TABLE attempt_fingerprints ADD COLUMN lane TEXT NOT NULL DEFAULT '';
UPDATE attempt_fingerprints SET lane = person_ref || '/own';
CREATE INDEX attempt_fingerprints_lane ON attempt_fingerprints (lane, at, id);

-- The accepted logins that later ones are compared with: when, how alike, from which network and place.
CREATE TABLE login_history (
    person_ref TEXT   NOT NULL PRIMARY KEY REFERENCES people (person_ref) ON DELETE CASCADE,
    sealed     BLOB   NOT NULL              -- under the person's data key
);

-- What the holders of accounts know and have beside the voice. Sealed under a key derived from that of the audit chain.
CREATE TABLE accounts (
    person_id  TEXT   NOT NULL PRIMARY KEY,
    version    BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    sealed     BLOB   NOT NULL
);

-- Devices bound to people. Whose it is and in which state stands in the sealed column, with the key that it signs with.
CREATE TABLE device_bindings (
    id         TEXT   NOT NULL PRIMARY KEY,
    person_ref TEXT   NOT NULL REFERENCES people (person_ref) ON DELETE CASCADE,
    version    BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    sealed     BLOB   NOT NULL              -- under the person's data key
);
CREATE INDEX device_bindings_person ON device_bindings (person_ref, created_at, id);

-- People who are logged in. The content is bound to identity, token and person; device, beginning and end beside it serve
-- for finding, order and sweeping alone.
CREATE TABLE sessions (
    id           TEXT   NOT NULL PRIMARY KEY,
    token_hash   BLOB   NOT NULL UNIQUE,    -- SHA-256 of the token, which is not kept
    former_hash  BLOB,                      -- that of the token before the last renewal
    person_id    TEXT   NOT NULL,
    device_id    TEXT,
    waits        BIGINT NOT NULL,           -- 1 while something has to be given before it counts, otherwise 0
    created_at   BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL,
    ends_at      BIGINT NOT NULL,
    version      BIGINT NOT NULL,
    content      BLOB   NOT NULL            -- sealed under a key derived from that of the audit chain
);
CREATE INDEX sessions_former ON sessions (former_hash);
CREATE INDEX sessions_person ON sessions (person_id, created_at, id);
CREATE INDEX sessions_ends_at ON sessions (ends_at);

-- Failures that are counted together. Subjects are keyed hashes: nothing readable is kept of people who are not here.
CREATE TABLE attempt_limits (
    subject    BLOB   NOT NULL PRIMARY KEY,
    budget     TEXT   NOT NULL,             -- JSON: what failed, and what is not judged yet
    expires_at BIGINT NOT NULL
);
CREATE INDEX attempt_limits_expires_at ON attempt_limits (expires_at);

-- For whom attempts came from where lately; both are keyed hashes.
CREATE TABLE attempt_sources (
    source     BLOB   NOT NULL,
    person     BLOB   NOT NULL,
    at         BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (source, person)
);
CREATE INDEX attempt_sources_at ON attempt_sources (source, at);
CREATE INDEX attempt_sources_expires_at ON attempt_sources (expires_at);

-- What people are told, and what waits for the webhook. The kind beside the sealed column is for the operator to look at.
CREATE TABLE notices (
    id         TEXT   NOT NULL PRIMARY KEY,
    person_id  TEXT   NOT NULL,
    at         BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    kind       TEXT   NOT NULL,
    sealed     BLOB   NOT NULL,             -- under a key derived from that of the audit chain
    due_at     BIGINT,                      -- when to deliver it; NULL if it is not (any more) to be delivered
    failures   BIGINT NOT NULL DEFAULT 0,
    dead       BIGINT NOT NULL DEFAULT 0    -- 1 once its delivery was given up
);
CREATE INDEX notices_person ON notices (person_id, at, id);
CREATE INDEX notices_expires_at ON notices (expires_at);
CREATE INDEX notices_due_at ON notices (due_at, id) WHERE due_at IS NOT NULL;

-- Challenges that can still be answered. Whose each is, for what and until when stands in the sealed column; the times beside
-- it serve for sweeping alone. No foreign key: for who is not here the same statements run and keep nothing.
CREATE TABLE challenges (
    id_hash    BLOB   NOT NULL PRIMARY KEY, -- SHA-256 of the handle, which is not kept
    person_ref TEXT   NOT NULL,
    issued_at  BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    sealed     BLOB   NOT NULL              -- under the person's data key
);
CREATE INDEX challenges_person ON challenges (person_ref, issued_at, id_hash);
CREATE INDEX challenges_expires_at ON challenges (expires_at);

-- Fingerprints of the recordings of earlier attempts, to know a recording that comes again.
CREATE TABLE attempt_fingerprints (
    id         TEXT   NOT NULL PRIMARY KEY, -- random UUID
    person_ref TEXT   NOT NULL,
    at         BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    sealed     BLOB   NOT NULL              -- under the person's data key
);
CREATE INDEX attempt_fingerprints_person ON attempt_fingerprints (person_ref, at, id);
CREATE INDEX attempt_fingerprints_expires_at ON attempt_fingerprints (expires_at);

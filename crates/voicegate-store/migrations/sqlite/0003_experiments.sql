-- The experiment that a verification was part of, and the person's arm. Copies of what stands under the MAC, for counting.
ALTER TABLE voice_auth_logs ADD COLUMN experiment TEXT;
ALTER TABLE voice_auth_logs ADD COLUMN arm TEXT;
CREATE INDEX voice_auth_logs_experiment ON voice_auth_logs (experiment, at) WHERE experiment IS NOT NULL;

#!/bin/sh
# Runs every fuzz target, or those named, for SECONDS each (600 unless set), from the recordings of the tests as seeds.
# Needs cargo-fuzz. Corpora and findings stay in corpus/ and artifacts/, which are not committed.
set -eu
cd "$(dirname "$0")"
fixtures=../crates/voicegate-audio/tests/fixtures
seconds=${SECONDS_EACH:-600}

seed() { # target bytes-of-prefix files…
    target=$1 prefix=$2
    shift 2
    mkdir -p "corpus/$target"
    for file in "$@"; do
        tail -c +$((prefix + 1)) "$file" > "corpus/$target/seed-$(basename "$file")"
    done
}
seed decode 0 "$fixtures"/*.*[!h]
seed wav 16 "$fixtures"/*.wav
seed webm 48 "$fixtures"/*.webm
seed mp4 28 "$fixtures"/*.mp4 "$fixtures"/*.m4a
seed ogg 4 "$fixtures"/*.ogg
seed flac_mp3 0 "$fixtures"/*.flac "$fixtures"/*.mp3 "$fixtures"/*.aac
seed analysis 0 "$fixtures"/*.wav
seed push_stream 0 "$fixtures"/*.wav

for target in ${*:-decode wav webm mp4 ogg flac_mp3 push_stream analysis}; do
    # Cargo-fuzz's compiler flags are unlocked on the stable one.
    RUSTC_BOOTSTRAP=1 cargo fuzz run "$target" -- -max_total_time="$seconds" -timeout=30 \
        -rss_limit_mb=1024 -malloc_limit_mb=256 -max_len=65536 -print_final_stats=1
done

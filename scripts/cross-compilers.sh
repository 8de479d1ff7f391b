#!/bin/sh
# Installs what packages/core/native/build.mjs --all needs, on Debian or Ubuntu for x64, as root: compilers for both CPUs
# and the headers of musl for both.
set -e
export DEBIAN_FRONTEND=noninteractive
dpkg --add-architecture arm64
apt-get update
apt-get install -y --no-install-recommends gcc libc6-dev gcc-aarch64-linux-gnu libc6-dev-arm64-cross musl-dev musl-dev:arm64

#!/bin/sh
# Installs the ptelist that this script came with, and what it needs in the versions that it was tested with.
set -eu
cd "$(dirname "$0")/../../.."
PIP_CONSTRAINT=$PWD/.ci/constraints.txt
PIP_BUILD_CONSTRAINT=$PIP_CONSTRAINT
export PIP_CONSTRAINT PIP_BUILD_CONSTRAINT
pip install --quiet --disable-pip-version-check ".[images]"

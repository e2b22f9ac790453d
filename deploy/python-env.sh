# shellcheck shell=sh
# Sourced by ./run and ./test: a virtual environment in .venv that holds exactly what a lock file says.
#
#   python_env run|dev
#
# Sets nothing but makes .venv ready. Installs only when the lock, the interpreter or the place changed.

find_python() {
    # Run each candidate: a version manager's shim may stand on the PATH without a Python behind it.
    for candidate in ${DISPATCH_PYTHON:-} python3.13 python3.12 python3.11 python3 python3.14 python; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
            usable=$candidate
            if "$candidate" -c 'import ensurepip, venv' >/dev/null 2>&1; then
                printf '%s\n' "$candidate"
                return 0
            fi
        fi
    done
    if [ -n "${usable:-}" ]; then
        echo "$usable has no venv module. Install it (Debian, Ubuntu: apt-get install python3-venv) and start again." >&2
    else
        echo "No Python 3.11 or newer was found. Install one (Debian, Ubuntu: apt-get install python3 python3-venv)." >&2
    fi
    return 1
}

env_stamp() {
    pwd
    .venv/bin/python -c 'import sys; print(sys.version)' 2>/dev/null || echo "no interpreter"
    cat pyproject.toml requirements-build.txt "$@"
}

pip_install() {
    .venv/bin/python -m pip install -qq --disable-pip-version-check "$@"
}

python_env() {
    case $1 in
        run) lock=requirements.txt ;;
        dev) lock=requirements-dev.txt ;;
    esac
    # The development lock contains the other one, so after ./test a ./run has nothing to install.
    for have in .venv/stamp-run .venv/stamp-dev; do
        [ "$1" = dev ] && [ "$have" = .venv/stamp-run ] && continue
        [ -f "$have" ] || continue
        case $have in *dev) of=requirements-dev.txt ;; *) of=requirements.txt ;; esac
        env_stamp "$of" | cmp -s - "$have" && return 0
    done

    if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
        python=$(find_python) || return 1
        echo "Making .venv with $("$python" --version) ..." >&2
        rm -rf .venv
        "$python" -m venv .venv || return 1
    fi
    rm -f .venv/stamp-run .venv/stamp-dev
    echo "Installing what $lock lists; this takes a minute, once ..." >&2
    if ! { pip_install --require-hashes -r "$lock" -r requirements-build.txt &&
        pip_install --no-deps --no-build-isolation --force-reinstall --editable .; }; then
        echo "The installation failed: see above. It needs the Python package index, or a mirror that pip is set up for." >&2
        return 1
    fi
    env_stamp "$lock" >".venv/stamp-$1"
}

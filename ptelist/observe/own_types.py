"""What the types of this machine's kernel say of its profile, for an observation that is saved."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ptelist.errors import PtelistError
from ptelist.readers.builds import builds, images, profile
from ptelist.readers.host import paths, types

if TYPE_CHECKING:
    from ptelist.readers.host.snapshot import Snapshot

IMAGES = ("kvm", "vmlinux")
"""Where KVM's types are: of a module, else of the kernel."""


def added(snapshot: Snapshot) -> Snapshot:
    """Return a snapshot of this machine with what its types tell; why they do not, if they cannot be read."""
    spec = next((path for path in map(_path, IMAGES) if os.path.exists(path)), None)  # noqa: PTH110 -- pathlib is slow to load
    if spec is None:
        return snapshot
    try:
        fields = profile.said(builds.once(spec)).kernel
    except PtelistError as error:
        return snapshot._replace(unread={**snapshot.unread, paths.TYPES: str(error)})
    return snapshot._replace(files={**snapshot.files, paths.TYPES: types.render(fields)})


def _path(name: str) -> str:
    return f"{images.BTF_FOLDER}/{name}"

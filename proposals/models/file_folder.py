"""Which folder of uploaded files belongs to this database."""

from django.db import models
from django.db.models import Q

from foundation import clock
from foundation.file_folder import (
    MARKER,
    expect_marker,
    file_folder,
    mark_folder,
    read_marker,
)


class FileFolder(models.Model):
    """The id in the marker file of the folder of uploaded files: one row.

    Another folder in its place (a mount that is missing, a path that one machine does not share) has another
    id or none.
    """

    marker = models.UUIDField()
    known_since = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(name="there_is_one_file_folder", condition=Q(pk=1))]

    def __str__(self) -> str:
        return str(self.marker)

    @classmethod
    def remember(cls) -> str:
        """When a process starts: the problem with the folder in a sentence, or nothing.

        A database that knows no folder yet takes the configured one. From now on this process stores files
        only in the folder that the database knows.

        Raises:
            OSError: it is the first folder, and cannot be used.
        """
        known = cls.objects.filter(pk=1).first()
        if known is None:
            values = {"marker": mark_folder(), "known_since": clock.real_now()}
            known, _made = cls.objects.get_or_create(pk=1, defaults=values)
        expect_marker(known.marker)
        return cls.problem()

    @classmethod
    def problem(cls) -> str:
        """Why the folder is not the one that the database knows; empty if it is, or if none is known yet."""
        known, present = cls.objects.filter(pk=1).first(), read_marker()
        if known is None or known.marker == present:
            return ""
        if present is None:
            return f"The folder of uploaded files, {file_folder()}, has no marker file ({MARKER})."
        return f"The folder of uploaded files, {file_folder()}, belongs to another database."

    @classmethod
    def adopt(cls) -> None:
        """Let the database know the configured folder from now on.

        Raises:
            OSError: the folder has no marker, and cannot be written.
        """
        values = {"marker": mark_folder(), "known_since": clock.real_now()}
        cls.objects.update_or_create(pk=1, defaults=values)

"""Addresses of proposals."""

from django.urls import path

from proposals.views import drafts, files, sending, steps

app_name = "proposals"
urlpatterns = [
    path("", drafts.mine, name="mine"),
    path("start/<str:reference>/<str:strand>/", drafts.start, name="start"),
    path("<str:number>/", drafts.proposal, name="proposal"),
    path("<str:number>/consortium/", drafts.consortium, name="consortium"),
    path("<str:number>/consortium/add/", drafts.add_participant, name="add-participant"),
    path("<str:number>/consortium/new/", drafts.add_new_organisation, name="new-participant"),
    path("<str:number>/consortium/what-if/", drafts.what_if, name="what-if"),
    path(
        "<str:number>/consortium/in-mind/forget/",
        drafts.forget_those_in_mind,
        name="forget-in-mind",
    ),
    path("<str:number>/consortium/<slug:key>/", drafts.edit_participant, name="participant"),
    path(
        "<str:number>/consortium/<slug:key>/remove/",
        drafts.remove_participant,
        name="remove-participant",
    ),
    path("<str:number>/steps/descriptions/", steps.descriptions, name="descriptions"),
    path("<str:number>/steps/descriptions/<slug:key>/", steps.description, name="description"),
    path("<str:number>/steps/<slug:slug>/", steps.step, name="step"),
    path("<str:number>/files/<slug:slot>/", files.upload, name="upload"),
    path("<str:number>/files/<slug:slot>/remove/", files.remove, name="remove-file"),
    path("<str:number>/files/<slug:slot>/pdf/", files.download_draft_file, name="draft-file"),
    path("<str:number>/check/", sending.check, name="check"),
    path("<str:number>/withdraw/", sending.withdraw, name="withdraw"),
    path("<str:number>/versions/<int:version>/", sending.version, name="version"),
    path(
        "<str:number>/versions/<int:version>/receipt/state/",
        sending.receipt_state,
        name="receipt-state",
    ),
    path("<str:number>/versions/<int:version>/receipt/", sending.receipt, name="receipt"),
    path("<str:number>/versions/<int:version>/dossier/", sending.dossier, name="dossier"),
    path(
        "<str:number>/versions/<int:version>/files/<str:sha256>/",
        files.download_version_file,
        name="version-file",
    ),
]

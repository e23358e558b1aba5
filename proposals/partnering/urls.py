"""Addresses of partner search. Finding and reading need no account."""

from django.urls import path

from proposals.partnering.views import conversations, organisations, requests, saved_searches

app_name = "partners"
urlpatterns = [
    path("", requests.search, name="search"),
    path("organisations/", organisations.organisations, name="organisations"),
    path(
        "organisations/<int:pk>/message/",
        conversations.message_organisation,
        name="message-organisation",
    ),
    path("feed/", saved_searches.RequestFeed(), name="feed"),
    path("requests.csv", saved_searches.export, {"kind": "csv"}, name="requests-csv"),
    path("requests.json", saved_searches.export, {"kind": "json"}, name="requests-json"),
    path("import/", saved_searches.import_requests, name="import"),
    path("searches/", saved_searches.searches, name="saved-searches"),
    path("searches/save/", saved_searches.save, name="save-search"),
    path("searches/unsubscribe/<str:token>/", saved_searches.unsubscribe, name="unsubscribe"),
    path("mine/", requests.mine, name="mine"),
    path("new/<str:reference>/", requests.new, name="new"),
    path("requests/<str:number>/", requests.detail, name="request"),
    path("requests/<str:number>/message/", conversations.message_request, name="message-request"),
    path("requests/<str:number>/report/", conversations.report_request, name="report-request"),
    path("messages/", conversations.overview, name="conversations"),
    path("messages/<str:number>/", conversations.conversation, name="conversation"),
    path("messages/<str:number>/reveal/", conversations.reveal, name="reveal-identity"),
    path("messages/<str:number>/block/", conversations.block, name="block"),
    path("messages/<str:number>/report/", conversations.report, name="report"),
    path("messages/<str:number>/invite/", conversations.invite, name="invite"),
    path("requests/<str:number>/edit/", requests.edit, name="edit"),
    path("requests/<str:number>/delete/", requests.delete, name="delete"),
    path("requests/<str:number>/publish/", requests.publish, name="publish"),
    path("requests/<str:number>/renew/", requests.renew, name="renew"),
    path("requests/<str:number>/filled/", requests.mark_filled, name="mark-filled"),
    path("requests/<str:number>/close/", requests.close, name="close"),
]

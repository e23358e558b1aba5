"""Addresses of partner search. Finding and reading need no account."""

from django.urls import path

from proposals.partnering.views import conversations, organisations, requests, saved_searches

app_name = "partners"
urlpatterns = [
    path("", requests.search, name="search"),
    path("organisations/", organisations.organisations, name="organisations"),
    path("organisations/<int:pk>/write/", conversations.begin_with, name="begin-with"),
    path("feed/", saved_searches.RequestFeed(), name="feed"),
    path("requests.csv", saved_searches.take_out, {"kind": "csv"}, name="as-csv"),
    path("requests.json", saved_searches.take_out, {"kind": "json"}, name="as-json"),
    path("table/", saved_searches.bring_in, name="bring-in"),
    path("searches/", saved_searches.searches, name="searches"),
    path("searches/keep/", saved_searches.save, name="keep"),
    path("searches/stop/<str:token>/", saved_searches.stop, name="stop"),
    path("mine/", requests.mine, name="mine"),
    path("new/<str:reference>/", requests.new, name="new"),
    path("requests/<str:number>/", requests.one, name="request"),
    path("requests/<str:number>/write/", conversations.begin, name="begin"),
    path("requests/<str:number>/report/", conversations.report_request, name="report-request"),
    path("messages/", conversations.overview, name="conversations"),
    path("messages/<str:number>/", conversations.conversation, name="conversation"),
    path("messages/<str:number>/show/", conversations.show, name="show"),
    path("messages/<str:number>/block/", conversations.block, name="block"),
    path("messages/<str:number>/report/", conversations.report, name="report"),
    path("messages/<str:number>/invite/", conversations.invite, name="invite"),
    path("requests/<str:number>/edit/", requests.edit, name="edit"),
    path("requests/<str:number>/delete/", requests.discard, name="discard"),
    path("requests/<str:number>/publish/", requests.publish, name="publish"),
    path("requests/<str:number>/renew/", requests.renew, name="renew"),
    path("requests/<str:number>/filled/", requests.fill, name="fill"),
    path("requests/<str:number>/close/", requests.close, name="close"),
]

"""Addresses of partner search. Finding and reading need no account."""

from django.urls import path

from proposals.views import conversations, found_organisations, partnering, watching

app_name = "partners"
urlpatterns = [
    path("", partnering.search, name="search"),
    path("organisations/", found_organisations.organisations, name="organisations"),
    path("organisations/<int:pk>/write/", conversations.begin_with, name="begin-with"),
    path("feed/", watching.RequestFeed(), name="feed"),
    path("requests.csv", watching.take_out, {"kind": "csv"}, name="as-csv"),
    path("requests.json", watching.take_out, {"kind": "json"}, name="as-json"),
    path("table/", watching.bring_in, name="bring-in"),
    path("searches/", watching.searches, name="searches"),
    path("searches/keep/", watching.keep, name="keep"),
    path("searches/stop/<str:token>/", watching.stop, name="stop"),
    path("mine/", partnering.mine, name="mine"),
    path("new/<str:reference>/", partnering.new, name="new"),
    path("requests/<str:number>/", partnering.one, name="request"),
    path("requests/<str:number>/write/", conversations.begin, name="begin"),
    path("requests/<str:number>/report/", conversations.report_request, name="report-request"),
    path("messages/", conversations.overview, name="conversations"),
    path("messages/<str:number>/", conversations.conversation, name="conversation"),
    path("messages/<str:number>/show/", conversations.show, name="show"),
    path("messages/<str:number>/block/", conversations.block, name="block"),
    path("messages/<str:number>/report/", conversations.report, name="report"),
    path("messages/<str:number>/invite/", conversations.invite, name="invite"),
    path("requests/<str:number>/edit/", partnering.edit, name="edit"),
    path("requests/<str:number>/delete/", partnering.discard, name="discard"),
    path("requests/<str:number>/publish/", partnering.publish, name="publish"),
    path("requests/<str:number>/renew/", partnering.renew, name="renew"),
    path("requests/<str:number>/filled/", partnering.fill, name="fill"),
    path("requests/<str:number>/close/", partnering.close, name="close"),
]

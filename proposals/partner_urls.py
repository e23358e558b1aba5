"""Addresses of partner search. Finding and reading need no account."""

from django.urls import path

from proposals.views import conversations, partnering

app_name = "partners"
urlpatterns = [
    path("", partnering.search, name="search"),
    path("mine/", partnering.mine, name="mine"),
    path("new/<str:reference>/", partnering.new, name="new"),
    path("requests/<str:number>/", partnering.one, name="request"),
    path("requests/<str:number>/write/", conversations.begin, name="begin"),
    path("messages/", conversations.overview, name="conversations"),
    path("messages/<str:number>/", conversations.conversation, name="conversation"),
    path("messages/<str:number>/show/", conversations.show, name="show"),
    path("messages/<str:number>/block/", conversations.block, name="block"),
    path("messages/<str:number>/report/", conversations.report, name="report"),
    path("messages/<str:number>/invite/", conversations.invite, name="invite"),
    path("requests/<str:number>/edit/", partnering.edit, name="edit"),
    path("requests/<str:number>/publish/", partnering.publish, name="publish"),
    path("requests/<str:number>/renew/", partnering.renew, name="renew"),
    path("requests/<str:number>/filled/", partnering.fill, name="fill"),
    path("requests/<str:number>/close/", partnering.close, name="close"),
]

"""Addresses of calls."""

from django.urls import path

from calls import views

app_name = "calls"
urlpatterns = [
    path("", views.call_list, name="list"),
    path("calls/<str:reference>/", views.call, name="call"),
    path("calls/<str:reference>/deadline.ics", views.calendar, name="calendar"),
    path("calls/<str:reference>/self-check/", views.self_check, name="self-check"),
    path("programmes/<str:programme>/countries/", views.countries, name="countries"),
    path("rules/", views.rules, name="rules"),
    path("clock/", views.move_clock, name="move-clock"),
]

"""Paths of the jails room."""

from __future__ import annotations

from django.urls import path

from apps.jails import bulk_views, create_views, repair_views, views
from apps.jails.archives import urls as archives_urls
from apps.jails.basejail import urls as basejail_urls
from apps.jails.drift import urls as drift_urls
from apps.jails.ezjail import urls as ezjail_urls
from apps.jails.flavours import urls as flavours_urls
from apps.jails.images import urls as images_urls
from apps.jails.inside import urls as inside_urls
from apps.jails.keeping import urls as keeping_urls
from apps.jails.leaks import urls as leaks_urls
from apps.jails.moving import urls as moving_urls
from apps.jails.presets import urls as presets_urls
from apps.jails.settings import urls as settings_urls

app_name = "jails"
urlpatterns = [
    path("jails/", views.jail_list, name="jail-list"),
    path("jails/bulk/<slug:verb>/", bulk_views.jail_bulk, name="jail-bulk"),
    *leaks_urls.urlpatterns,
    *basejail_urls.urlpatterns,
    *ezjail_urls.urlpatterns,
    *flavours_urls.urlpatterns,
    *inside_urls.urlpatterns,
    *settings_urls.urlpatterns,
    *presets_urls.urlpatterns,
    *images_urls.urlpatterns,
    *archives_urls.urlpatterns,
    *keeping_urls.urlpatterns,
    *moving_urls.urlpatterns,
    *drift_urls.urlpatterns,
    path("hosts/<uuid:host_id>/mend/<slug:key>/<slug:way>/", repair_views.repair, name="repair"),
    path("jobs/<uuid:job_id>/leave/<slug:key>/", repair_views.leave, name="finding-leave"),
    path("hosts/<uuid:host_id>/new-jail/", create_views.jail_create, name="jail-create"),
    path("hosts/<uuid:host_id>/new-jail/check/", create_views.jail_check, name="jail-check"),
    path("hosts/<uuid:host_id>/jails/<slug:safe_name>/", views.jail_detail, name="jail-detail"),
    path("hosts/<uuid:host_id>/jails/<slug:safe_name>/start/", views.jail_start, name="jail-start"),
    path("hosts/<uuid:host_id>/jails/<slug:safe_name>/stop/", views.jail_stop, name="jail-stop"),
    path("hosts/<uuid:host_id>/jails/<slug:safe_name>/restart/", views.jail_restart, name="jail-restart"),
    path("hosts/<uuid:host_id>/jails/<slug:safe_name>/delete/", views.jail_delete, name="jail-delete"),
]

"""Paths of the jobs room."""

from __future__ import annotations

from django.urls import path

from apps.jobs import approval_views, bar_views, batch_approval_views, batch_views, output_views, views
from apps.jobs.asking_views import job_answer
from apps.jobs.retry_views import job_retry

app_name = "jobs"
urlpatterns = [
    path("jobs/", views.job_list, name="job-list"),
    path("jobs/bar/", bar_views.job_bar, name="job-bar"),
    path("jobs/batches/", batch_views.batch_list, name="batch-list"),
    path("jobs/batches/<uuid:batch_id>/", batch_views.batch_detail, name="batch-detail"),
    path("jobs/batches/<uuid:batch_id>/stop/", batch_views.batch_stop, name="batch-stop"),
    path("jobs/batches/<uuid:batch_id>/cancel/", batch_views.batch_cancel, name="batch-cancel"),
    path("jobs/<uuid:job_id>/", views.job_detail, name="job-detail"),
    path("jobs/<uuid:job_id>/status/", views.job_status, name="job-status"),
    path("jobs/<uuid:job_id>/cancel/", views.job_cancel, name="job-cancel"),
    path("jobs/<uuid:job_id>/retry/", job_retry, name="job-retry"),
    path("jobs/<uuid:job_id>/answer/", job_answer, name="job-answer"),
    path("jobs/<uuid:job_id>/output/", output_views.job_output, name="job-output"),
    path("jobs/<uuid:job_id>/output.txt", output_views.job_download, name="job-download"),
    path("jobs/<uuid:job_id>/approve/", approval_views.job_approve, name="job-approve"),
    path("jobs/<uuid:job_id>/reject/", approval_views.job_reject, name="job-reject"),
    path("approval/batch/<uuid:batch_id>/", batch_approval_views.batch_approve, name="batch-approve"),
    path("approval/batch/<uuid:batch_id>/reject/", batch_approval_views.batch_reject, name="batch-reject"),
    path("approval/", approval_views.policy_list, name="policy-list"),
    path("approval/add/", approval_views.policy_add, name="policy-add"),
    path("approval/<int:policy_id>/", approval_views.policy_change, name="policy-change"),
    path("approval/<int:policy_id>/remove/", approval_views.policy_remove, name="policy-remove"),
]

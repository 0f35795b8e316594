#!/bin/sh
# A hook of Elastic Beanstalk, before the containers start: after a deployment and after a change of the configuration.
exec python3 .ebextensions/instance.py init

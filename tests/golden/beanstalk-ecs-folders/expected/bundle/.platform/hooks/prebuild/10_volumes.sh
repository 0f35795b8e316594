#!/bin/sh
# A hook of Elastic Beanstalk, in the directory of the new version, before anything of it runs.
exec python3 .ebextensions/instance.py fill

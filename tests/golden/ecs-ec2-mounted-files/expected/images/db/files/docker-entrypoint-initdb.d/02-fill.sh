#!/bin/sh
echo "filled"

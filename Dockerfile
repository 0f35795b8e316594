# The image of tranship itself: the compiler, publishing and deploying. It builds no images: mount the Docker socket or
# use a builder beside it.
#
#   docker build --tag tranship .
#   docker run --rm --volume "$PWD:/work" tranship check
FROM docker.io/library/rust:1.95-slim-trixie AS build
RUN apt-get update \
    && apt-get install --yes --no-install-recommends cmake gcc g++ make perl \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY . .
RUN cargo install --locked --path . --root /out

FROM docker.io/library/debian:trixie-slim
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 1000 tranship
COPY --from=build /out/bin/tranship /usr/local/bin/tranship
USER tranship
WORKDIR /work
HEALTHCHECK NONE
ENTRYPOINT ["tranship"]
CMD ["--help"]

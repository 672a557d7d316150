# autocnn in a container. In a clone of the repository:
#
#   docker build -t autocnn .
#   docker run --rm -it -v "$PWD/studies:/home/autocnn/studies" autocnn search
#
# Images go in the same way: -v "$PWD/images:/home/autocnn/images:ro", then
# `search images`. Where your user's id is not 1000, add --user "$(id -u):$(id -g)",
# so that you may write the folder and own what is in it.
#
# For NVIDIA GPUs, take PyTorch from PyPI, whose Linux wheels bring CUDA along, or a
# base image that has PyTorch; the machine needs the driver and NVIDIA's Container
# Toolkit. Either image is then run with `docker run --gpus all ...`:
#
#   docker build -t autocnn --build-arg TORCH_INDEX= .
#   docker build -t autocnn --build-arg BASE=pytorch/pytorch --build-arg TORCH_INDEX= .

# Any image with Python 3.11 or newer, its pip, and useradd (so Alpine does not do).
ARG BASE=python:3.11-slim
FROM ${BASE}

LABEL org.opencontainers.image.title="autocnn" \
      org.opencontainers.image.description="Search for the best convolutional network for your images, from the terminal." \
      org.opencontainers.image.licenses="MIT"

# PyTorch's own index has wheels without CUDA, a fraction of the size. Left empty, pip
# takes PyTorch from where it is configured to look, which is PyPI if nothing is.
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu

# Unbuffered, lines are in `docker logs` when they are written. The cache of decoded
# images has a short path of its own, so that it can be a volume too.
ENV PATH=/opt/autocnn/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    AUTOCNN_CACHE=/home/autocnn/cache

# A virtual environment, as newer bases guard their own Python against pip; one that
# sees the base's packages, so that a PyTorch in there is used and not installed again.
# The base's pip does the work: Ubuntu's venv cannot install one without more packages.
# A layer of its own, as PyTorch is the most of the image and changes least. No system
# library is missing: the wheels bring theirs (libgomp, libjpeg, libpng).
RUN python3 -m venv --system-site-packages --without-pip /opt/autocnn \
    && python -m pip install --no-cache-dir \
        ${TORCH_INDEX:+--index-url "$TORCH_INDEX"} "torch>=2.6" "torchvision>=0.21"

# .dockerignore lets in only what the package is built from.
COPY . /src

# With every sampler, Ray and PostgreSQL's driver: a sixth of the image, so that one image
# serves alone and in every recipe of .github/clusters. The user is 1000, as the first
# user of most Linux machines is, even where the base has one of that number (Ubuntu's
# has). The folders admit anyone, for `docker run --user`; a new volume takes its owner
# and mode from the folder it is mounted on.
RUN python -m pip install --no-cache-dir "/src[cmaes,postgres,ray]" \
    && rm -r /src \
    && useradd --create-home --non-unique --uid 1000 autocnn \
    && install -d -o autocnn -g autocnn -m 1777 \
        /home/autocnn/studies /home/autocnn/cache

# By number, which Kubernetes can tell from root's (runAsNonRoot).
USER 1000
WORKDIR /home/autocnn
# Where autocnn looks for studies from here; they outlive the container.
VOLUME ["/home/autocnn/studies"]
ENTRYPOINT ["autocnn"]
CMD ["--help"]

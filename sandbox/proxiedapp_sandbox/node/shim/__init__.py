"""The shim: the program that the node starts for each process of a container.

It makes or joins the container's namespaces, and then executes the container's command. Two processes come of it. The
*keeper* stays outside the container: it is killed if the node dies, passes signals on, and exits as the command exits.
The *inner* process becomes the command: it is killed if the keeper dies, and as process 1 of its PID namespace it takes
all processes of the container with it (`pid_namespaces(7)`).

Every exec probe pays for the start of a shim, so these modules import nothing but a few modules of the standard
library. The package is imported by path and without site-packages (__main__.py).

It needs Linux 5.12 or later, for `mount_setattr(2)`.
"""

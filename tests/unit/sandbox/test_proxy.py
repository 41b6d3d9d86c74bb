"""The options with which the sandbox starts an older Traefik."""

from proxiedapp_sandbox.proxy import understood

OLD = """\
    --entrypoints.<name>.address  (Default: "")
    --entrypoints.<name>.http.underscoreheadersstrategy  (Default: "keep")
    --providers.kubernetescrd  (Default: "false")
"""
NEW = OLD + "    --entrypoints.<name>.http.aliasheadersstrategy\n    --providers.kubernetescrd.safenaming\n"
GIVEN = (
    "--entrypoints.web.address=127.0.0.1:80",
    "--entrypoints.websecure.http.aliasheadersstrategy=delete",
    "--providers.kubernetescrd=true",
    "--providers.kubernetescrd.safenaming=true",
)


def test_newer_traefik_gets_all_options() -> None:
    assert understood(GIVEN, NEW) == list(GIVEN)


def test_older_traefik_gets_the_options_that_it_knows_and_the_former_name_of_one() -> None:
    assert understood(GIVEN, OLD) == [
        "--entrypoints.web.address=127.0.0.1:80",
        "--entrypoints.websecure.http.underscoreheadersstrategy=delete",
        "--providers.kubernetescrd=true",
    ]

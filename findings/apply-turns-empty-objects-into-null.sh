#!/usr/bin/env bash
# structured-merge-diff v6.3.3 and v6.4.2, with which Kubernetes merges server-side applies: a manager that applies {} in
# place of an object whose fields it had applied gets null, not {}. For a custom resource the API server then refuses the
# apply: "spec.allow in body must be of type object: null" (seen with kube-apiserver 1.36.3 and a CRD of one such field,
# for an object with fields as for a map). An object of the map type atomic becomes {}. Reported upstream as
# kubernetes/kubernetes#135841 and kubernetes-sigs/structured-merge-diff#305.
#
# Expected: {"allow":{}} for both. Seen: {"allow":null} for the object that is not atomic. Needs Go 1.23 or later.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > main.go <<'GO'
package main

import (
	"fmt"

	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
	"sigs.k8s.io/structured-merge-diff/v6/merge"
	"sigs.k8s.io/structured-merge-diff/v6/typed"
	"sigs.k8s.io/structured-merge-diff/v6/value"
)

const schema = `types:
- name: spec
  map:
    fields:
    - name: allow
      type:
        map:
          elementRelationship: %s
          fields:
          - name: host
            type: {scalar: string}
`

type one struct{}

func (one) Convert(object *typed.TypedValue, _ fieldpath.APIVersion) (*typed.TypedValue, error) { return object, nil }
func (one) IsMissingVersionError(error) bool                                                  { return false }

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	for _, relationship := range []string{"separable", "atomic"} {
		parser, err := typed.NewParser(typed.YAMLObject(fmt.Sprintf(schema, relationship)))
		check(err)
		live, err := parser.Type("spec").FromYAML("{}")
		check(err)
		updater := (&merge.UpdaterBuilder{Converter: one{}}).BuildUpdater()
		managers := fieldpath.ManagedFields{}
		for _, config := range []typed.YAMLObject{"{allow: {host: a}}", "{allow: {}}"} {
			applied, err := parser.Type("spec").FromYAML(config)
			check(err)
			merged, changed, err := updater.Apply(live, applied, "v1", managers, "git", false)
			check(err)
			if managers = changed; merged != nil {
				live = merged
			}
		}
		json, err := value.ToJSON(live.AsValue())
		check(err)
		fmt.Printf("%s %s\n", relationship, json)
	}
}
GO
for version in v6.3.3 v6.4.2; do
  cat > go.mod <<MOD
module finding

go 1.23

require sigs.k8s.io/structured-merge-diff/v6 $version
MOD
  rm -f go.sum
  go mod tidy >/dev/null 2>&1
  seen=$(go run .)
  echo "$version: ${seen//$'\n'/, }"
  [[ $seen == $'separable {"allow":null}\natomic {"allow":{}}' ]] || { echo "expected null, then {}" >&2; exit 1; }
done

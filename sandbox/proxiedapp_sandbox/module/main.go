// The control plane as one program, so that what its parts share is linked once. The name that it is called by is the
// part that it runs: each part is a file of its own, so that a build can leave out those which are not needed.
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

var parts = map[string]func(){}

func main() {
	name := filepath.Base(os.Args[0])
	run, known := parts[name]
	if !known {
		fmt.Fprintf(os.Stderr, "%s is not a part of this program\n", name)
		os.Exit(2)
	}
	run()
}

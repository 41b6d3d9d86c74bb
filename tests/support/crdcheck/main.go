// Prints why the API server of this version of its module would refuse the CustomResourceDefinitions in the files.
package main

import (
	"context"
	"fmt"
	"os"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/install"
	v1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"
)

func main() {
	scheme := runtime.NewScheme()
	install.Install(scheme)
	refused := 0
	for _, file := range os.Args[1:] {
		text, err := os.ReadFile(file)
		external := &v1.CustomResourceDefinition{}
		if err == nil {
			err = yaml.UnmarshalStrict(text, external)
		}
		crd := &apiextensions.CustomResourceDefinition{}
		if err == nil {
			scheme.Default(external)
			err = scheme.Convert(external, crd, nil)
		}
		if err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", file, err)
			os.Exit(2)
		}
		for _, problem := range validation.ValidateCustomResourceDefinition(context.Background(), crd) {
			fmt.Printf("%s: %v\n", file, problem)
			refused = 1
		}
	}
	os.Exit(refused)
}

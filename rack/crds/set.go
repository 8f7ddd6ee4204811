package main

import apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

// set is the kinds of one project.
type set struct {
	// name is the folder that the definitions go to.
	name string
	// packages hold the Go types; packages.go names them for go.mod.
	packages []string
	// imports is a package that they import, and that has markers of the project's own as well.
	imports string
	// groups are the API groups that are wanted out of the packages.
	groups []string
	// not are the kinds in the packages that the project does not install.
	not []string
	// embeddedMetadata keeps labels and annotations of objects inside objects, volume claim templates say, for a
	// project that generates its own with that option.
	embeddedMetadata bool
	// amend does what the project does to its generator's output.
	amend func(*apiextensions.CustomResourceDefinition)
}

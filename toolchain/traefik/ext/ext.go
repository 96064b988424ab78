// Package ext holds the fields that a build may add to Traefik's configuration: none here.
//
// Traefik takes this package from a folder of its repository that is a module of its own and has no version,
// so nothing can fetch it from outside.
package ext

// HTTP is what is added to the HTTP part of a configuration.
type HTTP struct{}

// Router is what is added to an HTTP router.
type Router struct{}

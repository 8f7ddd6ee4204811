// Package edge is EdgeAccess: how the home and the world find what runs in the
// cluster, and how far each of them gets. Gateways and their certificates, names for
// the home and for the world, and the tunnel that leads the world to the external
// gateway.
//
// What is asked for is built in the packages below, which know nothing of Pulumi;
// here it is put in order.
package edge

// Package lbipam is a stand-in for the part of Cilium's operator that gives Services of type LoadBalancer their addresses
// (https://docs.cilium.io/en/stable/network/lb-ipam/). It takes them out of the CiliumLoadBalancerIPPools that select the
// Service, or the ones that the Service asks for by annotation, and tells in the operator's own words why it cannot.
//
// Nobody answers at these addresses: there is no datapath. What announces them, over BGP or layer 2, is not played here.
package lbipam

package node

import (
	"context"

	"github.com/siderolabs/talos/pkg/machinery/config"
	"github.com/siderolabs/talos/pkg/machinery/constants"
	"github.com/siderolabs/talos/pkg/machinery/role"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
)

// errNotAuthorized is what a caller gets whose roles do not reach.
var errNotAuthorized = status.Error(codes.PermissionDenied, "not authorized")

type rolesKey struct{}

func rolesOf(ctx context.Context) role.Set {
	roles, ok := ctx.Value(rolesKey{}).(role.Set)
	if !ok {
		return role.Zero
	}
	return roles
}

// roleFinder works out the roles of a caller.
type roleFinder func(ctx context.Context, s *session) role.Set

// maintenanceRoles makes everyone a reader: nobody can prove to be more to a machine that has no CA.
func maintenanceRoles(context.Context, *session) role.Set { return role.MakeSet(role.Reader) }

// certificateRoles reads the roles from the client's certificate. Another machine of the cluster, which passes a
// call on, names those of the original caller.
func certificateRoles(ctx context.Context, s *session) role.Set {
	cfg := s.config()
	if cfg == nil {
		return role.Zero
	}
	if !rbacEnabled(cfg) {
		return role.All
	}
	p, _ := peer.FromContext(ctx)
	info, ok := p.AuthInfo.(credentials.TLSInfo)
	if !ok || len(info.State.PeerCertificates) == 0 {
		return role.Zero
	}
	roles, _ := role.Parse(info.State.PeerCertificates[0].Subject.Organization)
	if roles.Includes(role.Impersonator) {
		md, _ := metadata.FromIncomingContext(ctx)
		if named := md.Get(constants.APIAuthzRoleMetadataKey); len(named) > 0 {
			roles, _ = role.Parse(named)
		}
	}
	return roles
}

// rbacEnabled is on unless a config turns it off; from contract v1.12 on none has the key.
func rbacEnabled(cfg config.Provider) bool {
	main := cfg.RawV1Alpha1()
	if main == nil || main.MachineConfig == nil || main.MachineConfig.MachineFeatures == nil {
		return true
	}
	rbac := main.MachineConfig.MachineFeatures.RBAC
	return rbac == nil || *rbac
}

func unaryRoles(s *session, find roleFinder) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		return handler(context.WithValue(ctx, rolesKey{}, find(ctx, s)), req)
	}
}

func streamRoles(s *session, find roleFinder) grpc.StreamServerInterceptor {
	return func(srv any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
		ctx := context.WithValue(stream.Context(), rolesKey{}, find(stream.Context(), s))
		return handler(srv, streamWithContext{stream, ctx})
	}
}

type streamWithContext struct {
	grpc.ServerStream
	ctx context.Context
}

func (s streamWithContext) Context() context.Context { return s.ctx }

func unaryAuthorize(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	if !allowed(info.FullMethod, rolesOf(ctx)) {
		return nil, errNotAuthorized
	}
	return handler(ctx, req)
}

func streamAuthorize(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	if !allowed(info.FullMethod, rolesOf(stream.Context())) {
		return errNotAuthorized
	}
	return handler(srv, stream)
}

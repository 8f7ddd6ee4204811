package onepassword

import (
	"context"
	"os"

	"github.com/1Password/connect-sdk-go/connect"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"github.com/home-ops/home-ops/rack/plugin/serve"
)

// CheckConfig keeps both tokens secret.
func (s *Server) CheckConfig(_ context.Context, req *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	settings, err := read("onepassword.CheckConfig.news", req.GetNews())
	if err != nil {
		return nil, err
	}
	for _, key := range []resource.PropertyKey{"token", "serviceAccountToken"} {
		if v, ok := settings[key]; ok {
			settings[key] = resource.MakeSecret(v)
		}
	}
	checked, err := write("onepassword.CheckConfig.inputs", settings)
	return &pulumirpc.CheckResponse{Inputs: checked}, err
}

// DiffConfig never asks for a replacement: an item's id names its vault, not the way there.
func (s *Server) DiffConfig(_ context.Context, req *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	olds, err := read("onepassword.DiffConfig.olds", req.GetOlds())
	if err != nil {
		return nil, err
	}
	news, err := read("onepassword.DiffConfig.news", req.GetNews())
	if err != nil {
		return nil, err
	}
	response := &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_NONE}
	if diff := olds.Diff(news); diff != nil {
		response.Changes = pulumirpc.DiffResponse_DIFF_SOME
		for _, key := range diff.ChangedKeys() {
			response.Diffs = append(response.Diffs, string(key))
		}
	}
	return response, nil
}

// Configure readies the client. It contacts nothing.
func (s *Server) Configure(
	_ context.Context, req *pulumirpc.ConfigureRequest,
) (*pulumirpc.ConfigureResponse, error) {
	settings, err := read("onepassword.Configure.args", req.GetArgs())
	if err != nil {
		return nil, err
	}
	host, token := given(settings, "url", "OP_CONNECT_HOST"), given(settings, "token", "OP_CONNECT_TOKEN")
	if given(settings, "serviceAccountToken", "OP_SERVICE_ACCOUNT_TOKEN") != "" || given(settings, "account", "OP_ACCOUNT") != "" {
		if host != "" || token != "" {
			return nil, failed(`Config conflict: either Connect credentials ("token" and "url") or 1Password CLI ` +
				`("service_account_token" or "account") credentials can be set`)
		}
		return nil, serve.Unimplemented(name, "1Password accounts (serviceAccountToken, account), which are behind the op command")
	}
	if host == "" || token == "" {
		return nil, failed(`Invalid provider configuration: either Connect credentials ("token" and "url") or a ` +
			`service account ("service_account_token" or "account") should be set`)
	}
	s.mu.Lock()
	s.client = connect.NewClientWithUserAgent(host, token, "pulumi-onepassword (stand-in)")
	s.mu.Unlock()
	return &pulumirpc.ConfigureResponse{AcceptSecrets: true, SupportsPreview: true, AcceptResources: true}, nil
}

// given is a setting, or the variable that the genuine plugin takes in its place. An empty text is a setting too.
func given(settings resource.PropertyMap, key resource.PropertyKey, variable string) string {
	if settings[key].IsNull() {
		return os.Getenv(variable)
	}
	return textAt(settings, key)
}

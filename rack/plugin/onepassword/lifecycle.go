package onepassword

import (
	"context"
	"fmt"
	"strings"

	"github.com/1Password/connect-sdk-go/connect"
	sdk "github.com/1Password/connect-sdk-go/onepassword"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/home-ops/home-ops/rack/plugin/serve"
)

// item reads the properties of an item; of any other resource it says that it is not played.
func item(urn, label string, properties *structpb.Struct) (resource.PropertyMap, error) {
	if token := string(resource.URN(urn).Type()); token != itemType {
		return nil, serve.Unimplemented(name, "resource "+token)
	}
	return read("onepassword."+label, properties)
}

// Check refuses what the stand-in does not play, and marks what is secret.
func (s *Server) Check(_ context.Context, req *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	inputs, err := item(req.GetUrn(), "Check.news", req.GetNews())
	if err != nil {
		return nil, err
	}
	if err := playable(inputs); err != nil {
		return nil, err
	}
	response := &pulumirpc.CheckResponse{}
	if inputs["vault"].IsNull() {
		response.Failures = append(response.Failures, &pulumirpc.CheckFailure{Property: "vault", Reason: `Missing required property "vault"`})
	}
	response.Inputs, err = write("onepassword.Check.inputs", markSecrets(inputs))
	return response, err
}

// Diff compares what is asked for with what there is. Another vault or category is another item.
func (s *Server) Diff(_ context.Context, req *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	prior, err := item(req.GetUrn(), "Diff.olds", req.GetOlds())
	if err != nil {
		return nil, err
	}
	inputs, err := item(req.GetUrn(), "Diff.news", req.GetNews())
	if err != nil {
		return nil, err
	}
	response := &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_NONE}
	was, wanted := asked(prior), asked(inputs)
	for _, key := range played {
		if was[key].DeepEquals(wanted[key]) {
			continue
		}
		response.Changes = pulumirpc.DiffResponse_DIFF_SOME
		response.Diffs = append(response.Diffs, string(key))
		if key == "vault" || key == "category" {
			response.Replaces = append(response.Replaces, string(key))
		}
	}
	return response, nil
}

// planned is what a preview knows of an item.
func planned(inputs, prior resource.PropertyMap) (*structpb.Struct, error) {
	plan := markSecrets(asked(inputs))
	plan["uuid"] = resource.MakeComputed(resource.NewProperty(""))
	if id, ok := prior["uuid"]; ok {
		plan["uuid"] = id
	}
	return write("onepassword.planned", plan)
}

// Create makes an item.
func (s *Server) Create(ctx context.Context, req *pulumirpc.CreateRequest) (*pulumirpc.CreateResponse, error) {
	inputs, err := item(req.GetUrn(), "Create.properties", req.GetProperties())
	if err != nil {
		return nil, err
	}
	if req.GetPreview() {
		plan, err := planned(inputs, nil)
		return &pulumirpc.CreateResponse{Properties: plan}, err
	}
	wanted, err := toItem(inputs, nil)
	if err != nil {
		return nil, err
	}
	made, err := ask(ctx, s, func(c connect.Client) (*sdk.Item, error) { return c.CreateItem(wanted, wanted.Vault.ID) })
	if err != nil {
		return nil, failed("Error creating 1Password item, got error %w", err)
	}
	state, err := write("onepassword.Create.state", stateOf(made))
	return &pulumirpc.CreateResponse{Id: itemID(made), Properties: state}, err
}

// Update replaces what an item holds.
func (s *Server) Update(ctx context.Context, req *pulumirpc.UpdateRequest) (*pulumirpc.UpdateResponse, error) {
	prior, err := item(req.GetUrn(), "Update.olds", req.GetOlds())
	if err != nil {
		return nil, err
	}
	inputs, err := item(req.GetUrn(), "Update.news", req.GetNews())
	if err != nil {
		return nil, err
	}
	if req.GetPreview() {
		plan, err := planned(inputs, prior)
		return &pulumirpc.UpdateResponse{Properties: plan}, err
	}
	wanted, err := toItem(inputs, prior)
	if err != nil {
		return nil, err
	}
	changed, err := ask(ctx, s, func(c connect.Client) (*sdk.Item, error) { return c.UpdateItem(wanted, wanted.Vault.ID) })
	if err != nil {
		return nil, failed("Could not update item '%s' from vault '%s', got error: %w", wanted.ID, wanted.Vault.ID, err)
	}
	state, err := write("onepassword.Update.state", stateOf(changed))
	return &pulumirpc.UpdateResponse{Properties: state}, err
}

// Read asks Connect for the item, which an import names as vaults/VAULT/items/ITEM. One that is gone is an error, as
// it is with the genuine plugin.
func (s *Server) Read(ctx context.Context, req *pulumirpc.ReadRequest) (*pulumirpc.ReadResponse, error) {
	if _, err := item(req.GetUrn(), "Read.properties", req.GetProperties()); err != nil {
		return nil, err
	}
	parts := strings.Split(req.GetId(), "/")
	if len(parts) != 4 {
		return nil, fmt.Errorf("%q is not vaults/VAULT/items/ITEM", req.GetId())
	}
	found, err := ask(ctx, s, func(c connect.Client) (*sdk.Item, error) { return c.GetItemByUUID(parts[3], parts[1]) })
	if err != nil {
		return nil, failed("Could not get item '%s' from vault '%s', got error: %w", parts[3], parts[1], err)
	}
	state, err := write("onepassword.Read.state", stateOf(found))
	if err != nil {
		return nil, err
	}
	inputs := req.GetInputs()
	if len(inputs.GetFields()) == 0 {
		if inputs, err = write("onepassword.Read.inputs", asked(stateOf(found))); err != nil {
			return nil, err
		}
	}
	return &pulumirpc.ReadResponse{Id: req.GetId(), Properties: state, Inputs: inputs}, nil
}

// Delete removes an item.
func (s *Server) Delete(ctx context.Context, req *pulumirpc.DeleteRequest) (*emptypb.Empty, error) {
	prior, err := item(req.GetUrn(), "Delete.properties", req.GetProperties())
	if err != nil {
		return nil, err
	}
	_, err = ask(ctx, s, func(c connect.Client) (struct{}, error) {
		return struct{}{}, c.DeleteItem(&sdk.Item{ID: textAt(prior, "uuid"), Vault: sdk.ItemVault{ID: textAt(prior, "vault")}}, textAt(prior, "vault"))
	})
	if err != nil {
		return nil, failed("Could not delete item '%s' from vault '%s', got error: %w", textAt(prior, "uuid"), textAt(prior, "vault"), err)
	}
	return &emptypb.Empty{}, nil
}

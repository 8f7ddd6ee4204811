package onepassword_test

import (
	"net/http/httptest"
	"testing"

	"github.com/1Password/connect-sdk-go/connect"
	sdk "github.com/1Password/connect-sdk-go/onepassword"

	"github.com/home-ops/home-ops/rack/onepassword"
)

const token = "a-token"

// served is a server with one vault, and 1Password's own client for it: the one that their providers are built on.
func served(t *testing.T) (*onepassword.Server, connect.Client) {
	t.Helper()
	server := onepassword.New(token)
	server.Put("lab", "bgp", "password", "secret")
	server.Put("lab", "bgp", "v6/password", "secret-6")
	http := httptest.NewServer(server)
	t.Cleanup(http.Close)
	return server, connect.NewClientWithUserAgent(http.URL, token, "test")
}

func TestServer_AnswersTheOfficialClient(t *testing.T) {
	server, client := served(t)
	vault, err := client.GetVaultByTitle("lab")
	if err != nil || vault.Items != 1 || vault.Type != sdk.UserCreatedVault {
		t.Fatalf("%+v, %v", vault, err)
	}
	item, err := client.GetItemByTitle("bgp", vault.ID)
	if err != nil || len(item.ID) != 26 || item.GetValue("v6.password") != "secret-6" || item.Fields[0].Value != "secret" {
		t.Fatalf("%+v, %v", item, err)
	}
	if _, err := client.GetItemByTitle("ospf", vault.ID); err == nil || err.Error() != `Found 0 item(s) in vault "`+vault.ID+`" with title "ospf"` {
		t.Errorf("an item that is not there: %v", err)
	}

	made, err := client.CreateItem(&sdk.Item{
		Title: "note", Category: sdk.SecureNote, Vault: sdk.ItemVault{ID: vault.ID},
		Sections: []*sdk.ItemSection{{ID: "s", Label: "keys"}},
		Fields: []*sdk.ItemField{
			{Section: &sdk.ItemSection{ID: "s"}, Label: "key", Type: sdk.FieldTypeConcealed, Value: "one"},
			{Label: "made", Generate: true, Recipe: &sdk.GeneratorRecipe{Length: 8, CharacterSets: []string{"DIGITS"}}},
		},
	}, vault.ID)
	if err != nil || made.Version != 1 || len(made.Fields[0].ID) != 26 || len(made.Fields[1].Value) != 8 {
		t.Fatalf("%+v, %v", made, err)
	}
	made.Fields[0].Value = "two"
	changed, err := client.UpdateItem(made, vault.ID)
	if err != nil || changed.Version != 2 || changed.ID != made.ID || server.Items("lab")[1].Fields[0].Value != "two" {
		t.Fatalf("%+v, %v", changed, err)
	}
	if err := client.DeleteItem(changed, vault.ID); err != nil || len(server.Items("lab")) != 1 {
		t.Errorf("%v, left %v", err, server.Items("lab"))
	}
}

func TestServer_RefusesAndFailsAsItIsTold(t *testing.T) {
	server, client := served(t)
	for fault, want := range map[onepassword.Fault]string{
		onepassword.TooManyRequests: "status 429: Too many requests",
		onepassword.Broken:          "status 500: Internal server error",
		onepassword.Unauthorized:    "status 401: Invalid token signature",
	} {
		server.Fail(1, fault)
		if _, err := client.GetVaults(); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", fault, err, want)
		}
		if _, err := client.GetVaults(); err != nil {
			t.Errorf("%s: fails on: %v", fault, err)
		}
	}
	server.Revoke(token)
	if _, err := client.GetVaults(); err == nil || err.Error() != "status 401: Invalid token signature" {
		t.Errorf("a revoked token: %v", err)
	}
	server.Accept(token)
	if _, err := client.GetVaults(); err != nil {
		t.Errorf("an accepted token: %v", err)
	}
	if shown := server.Shown(token); shown.Refused != 1 || shown.In == 0 {
		t.Errorf("the token was shown %+v", shown)
	}
	calls := server.Calls()
	if last := calls[len(calls)-2]; last != (onepassword.Call{Method: "GET", Path: "/v1/vaults", Status: 401}) {
		t.Errorf("wrote down %v", last)
	}
}

package outside

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
)

// ItemTag is on every item that this program keeps.
const ItemTag = "home-ops"

// item is an item of 1Password, without what is in it.
type item struct {
	ID, Title string
	Tags      []string
}

// items is a way to the items of 1Password's vaults.
type items interface {
	// titled are the items of a vault that have a title.
	titled(ctx context.Context, vault, title string) ([]item, error)
	remove(ctx context.Context, vault, id string) error
}

// OnePassword is the vaults there.
type OnePassword struct {
	service
	items items
}

func newOnePassword(way items, open, tell func(string)) *OnePassword {
	o := &OnePassword{items: way}
	kinds := map[tokens.Type]leftover{"onepassword:index/item:Item": o.item}
	o.service = service{
		open: open, tell: tell, before: kinds, after: kinds,
		deleted: map[tokens.Type]deletion{"onepassword:index/item:Item": {o.gone, byHand}},
	}
	return o
}

// NewConnect is 1Password by way of a Connect server (https://developer.1password.com/docs/connect/api-reference/). It
// tells what it removes. Its provider gets no token before the server has answered to it: the provider would wait for ever
// for one that is silent.
func NewConnect(host string, transport http.RoundTripper, tell func(string)) *OnePassword {
	way := connect{newAPI("1Password Connect at "+host, strings.TrimRight(host, "/")+"/v1", transport)}
	o := newOnePassword(way, way.open, tell)
	o.ready = func(ctx context.Context) error {
		if err := way.answers(ctx); err != nil {
			return fmt.Errorf("secrets.onePassword.connectHost: %w", err)
		}
		return nil
	}
	return o
}

// item removes the items of the title that bear the tag. A vault may have several of a title: one without the tag is in
// nobody's way.
func (o *OnePassword) item(ctx context.Context, in inputs, id string) error {
	vault, title := in.text("vault"), in.text("title")
	found, err := o.items.titled(ctx, vault, title)
	if err != nil {
		return err
	}
	for _, i := range found {
		if strings.HasSuffix(id, "/"+i.ID) || i.Title != title || !slices.Contains(i.Tags, ItemTag) {
			continue
		}
		if err := o.items.remove(ctx, vault, i.ID); err != nil {
			return err
		}
		o.tell(fmt.Sprintf("item %q (%s) was made by a run or a call that never heard of it; it is removed", title, i.ID))
	}
	return nil
}

// gone is whether a vault has no longer the item, whose id its provider writes as vaults/VAULT/items/ID.
func (o *OnePassword) gone(ctx context.Context, in inputs, id string) (bool, error) {
	found, err := o.items.titled(ctx, in.text("vault"), in.text("title"))
	there := slices.ContainsFunc(found, func(i item) bool { return strings.HasSuffix(id, "/"+i.ID) })
	return err == nil && !there, err
}

// connect asks a Connect server.
type connect struct{ *api }

func (c connect) titled(ctx context.Context, vault, title string) ([]item, error) {
	quoted, err := json.Marshal(title)
	if err != nil {
		return nil, err
	}
	query := url.Values{"filter": {"title eq " + string(quoted)}}
	var found []item
	err = c.do(ctx, http.MethodGet, "/vaults/"+url.PathEscape(vault)+"/items?"+query.Encode(), &found)
	return found, err
}

func (c connect) remove(ctx context.Context, vault, id string) error {
	return c.api.remove(ctx, "/vaults/"+url.PathEscape(vault)+"/items/"+url.PathEscape(id))
}

// answers is nil when the server answers for its vaults, by whatever it says. That it is alive says nothing: its
// heartbeat needs neither a token nor 1Password.
func (c connect) answers(ctx context.Context) error {
	ctx, done := c.limited(ctx)
	defer done()
	err := c.once(ctx, http.MethodGet, "/vaults", nil)
	var r refused
	if errors.As(err, &r) {
		return nil
	}
	return err
}

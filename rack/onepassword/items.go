package onepassword

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
)

func (s *Server) listItems(req *http.Request) (int, any) {
	vault := req.PathValue("vault")
	if s.vaults[vault] == nil {
		return failure(http.StatusNotFound, "vault %s not found", vault)
	}
	wanted, err := filter(req, "title")
	if err != nil {
		return failure(http.StatusBadRequest, "%v", err)
	}
	found := []Item{}
	for _, item := range s.items {
		if item.Vault.ID == vault && (wanted == nil || strings.EqualFold(item.Title, *wanted)) {
			found = append(found, item.summary())
		}
	}
	slices.SortFunc(found, func(a, b Item) int { return a.CreatedAt.Compare(b.CreatedAt) })
	return http.StatusOK, found
}

func (s *Server) getItem(req *http.Request) (int, any) {
	item := s.find(req)
	if item == nil {
		return failure(http.StatusNotFound, "item %s not found", req.PathValue("item"))
	}
	return http.StatusOK, *item
}

func (s *Server) addItem(req *http.Request) (int, any) {
	var item Item
	if status, body := s.read(req, &item); status != 0 {
		return status, body
	}
	item.ID, item.Version, item.CreatedAt = newID(), 1, time.Now().UTC()
	item.UpdatedAt = item.CreatedAt
	s.items[item.ID] = &item
	return http.StatusOK, item
}

func (s *Server) replaceItem(req *http.Request) (int, any) {
	old := s.find(req)
	if old == nil {
		return failure(http.StatusNotFound, "item %s not found", req.PathValue("item"))
	}
	var item Item
	if status, body := s.read(req, &item); status != 0 {
		return status, body
	}
	if item.ID != old.ID || item.Category != old.Category {
		return failure(http.StatusBadRequest, "neither an item's id nor its category can change")
	}
	return s.keep(old, item)
}

func (s *Server) patchItem(req *http.Request) (int, any) {
	old := s.find(req)
	if old == nil {
		return failure(http.StatusNotFound, "item %s not found", req.PathValue("item"))
	}
	var changes []change
	if err := json.NewDecoder(req.Body).Decode(&changes); err != nil {
		return failure(http.StatusBadRequest, "Invalid request body: %v", err)
	}
	item, err := patched(*old, changes)
	if err != nil {
		return failure(http.StatusBadRequest, "%v", err)
	}
	return s.keep(old, item)
}

func (s *Server) keep(old *Item, item Item) (int, any) {
	item.ID, item.Vault, item.CreatedAt = old.ID, old.Vault, old.CreatedAt
	item.Version, item.UpdatedAt = old.Version+1, time.Now().UTC()
	item.complete()
	*old = item
	return http.StatusOK, item
}

func (s *Server) deleteItem(req *http.Request) (int, any) {
	item := s.find(req)
	if item == nil {
		return failure(http.StatusNotFound, "item %s not found", req.PathValue("item"))
	}
	delete(s.items, item.ID)
	return http.StatusNoContent, nil
}

func (s *Server) find(req *http.Request) *Item {
	item := s.items[req.PathValue("item")]
	if item == nil || item.Vault.ID != req.PathValue("vault") {
		return nil
	}
	return item
}

// read takes an item out of a request; a status other than 0 refuses it.
func (s *Server) read(req *http.Request, item *Item) (int, any) {
	vault := req.PathValue("vault")
	if s.vaults[vault] == nil {
		return failure(http.StatusNotFound, "vault %s not found", vault)
	}
	if err := json.NewDecoder(req.Body).Decode(item); err != nil {
		return failure(http.StatusBadRequest, "Invalid request body: %v", err)
	}
	if item.Vault.ID != vault {
		return failure(http.StatusBadRequest, "the item's vault %q is not the request's, %s", item.Vault.ID, vault)
	}
	if item.Category == "" {
		return failure(http.StatusBadRequest, "Invalid item category")
	}
	item.complete()
	return 0, nil
}

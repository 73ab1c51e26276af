package plan

import (
	"strings"

	"golang.org/x/text/unicode/norm"

	"imapmigrate/pkg/mailbox"
)

// roleByName is the role that a mailbox's name speaks of, for a side that marks no mailbox with it. Only names at the top count:
// "Projects/Sent" is somebody's own. own is the name without the personal prefix.
func roleByName(own mailbox.Name) mailbox.Role {
	if len(own) != 1 {
		return mailbox.RoleNone
	}
	return wellKnown[strings.ToLower(norm.NFC.String(own[0]))].role
}

// likeness is smaller the more usual a name is for its role: "Sent" before "sent-mail", and "Trash" before "TRASH". It means something for
// well-known names only.
func likeness(name string) int {
	place := 2 * wellKnown[strings.ToLower(norm.NFC.String(name))].place
	if strings.ToUpper(name) == name {
		place++
	}
	return place
}

type roleName struct {
	role  mailbox.Role
	place int // in its list
}

var wellKnown = func() map[string]roleName {
	m := map[string]roleName{}
	for role, names := range roleNames {
		for i, n := range names {
			m[n] = roleName{role, i}
		}
	}
	return m
}()

// roleNames are the names that mail clients and servers give these mailboxes by default, in lower case, the most usual first. A name that people also use for
// mailboxes of their own ("Private", "Bin" of binaries) is not worth the guess and stays out.
var roleNames = map[mailbox.Role][]string{
	mailbox.RoleSent: {
		"sent", "sent items", "sent mail", "sent messages", "sent-mail", "sent-items", "sentmail", "sentitems", "sentmessages", // en
		"gesendet", "gesendete objekte", "gesendete elemente", "gesendete nachrichten", // de
		"envoyés", "messages envoyés", "éléments envoyés", "objets envoyés", "courrier envoyé", "courriers envoyés", // fr
		"enviados", "elementos enviados", "mensajes enviados", "correo enviado", // es
		"posta inviata", "inviata", "inviati", "messaggi inviati", "elementi inviati", // it
		"itens enviados", "mensagens enviadas", "enviadas", "enviada", // pt
		"verzonden", "verzonden items", "verzonden berichten", // nl
		"wysłane", "elementy wysłane", "wiadomości wysłane", // pl
		"skickat", "skickade", "skickade objekt", "sendt", "sendt post", "sendte elementer", "lähetetyt", // sv da no fi
		"odeslané", "odeslaná pošta", "отправленные", "надіслані", // cs ru uk
	},
	mailbox.RoleDrafts: {
		"drafts", "draft", "draft messages", // en
		"entwürfe", "entwurf", "entwuerfe", // de
		"brouillons", "brouillon", // fr
		"borradores", "borrador", // es
		"bozze", "bozza", // it
		"rascunhos", "rascunho", // pt
		"concepten", "klad", // nl
		"szkice", "kopie robocze", "wersje robocze", // pl
		"utkast", "kladder", "luonnokset", // sv no da fi
		"koncepty", "rozepsané", "черновики", "чернетки", // cs ru uk
	},
	mailbox.RoleTrash: {
		"trash", "deleted", "deleted items", "deleted messages", "trash can", "deleteditems", "deletedmessages", // en
		"papierkorb", "gelöscht", "gelöschte objekte", "gelöschte elemente", "gelöschte nachrichten", // de
		"corbeille", "éléments supprimés", "messages supprimés", "objets supprimés", // fr
		"papelera", "elementos eliminados", "mensajes eliminados", "papelera de reciclaje", // es
		"cestino", "posta eliminata", "messaggi eliminati", "elementi eliminati", // it
		"lixeira", "lixo", "itens excluídos", "itens eliminados", "mensagens excluídas", // pt
		"prullenbak", "prullenmand", "verwijderde items", "verwijderde berichten", // nl
		"kosz", "elementy usunięte", // pl
		"papperskorgen", "borttaget", "papirkurv", "slettet post", "slettede elementer", "roskakori", // sv da no fi
		"koš", "odstraněná pošta", "корзина", "удаленные", "удалённые", "кошик", // cs ru uk
	},
	mailbox.RoleJunk: {
		"junk", "spam", "junk e-mail", "junk email", "junk mail", "junk-mail", "junk-e-mail", "bulk mail", // en
		"junk-e-mail-ordner", "spamverdacht", "spam-verdacht", "unerwünscht", "werbung und spam", // de
		"indésirables", "courrier indésirable", "courriers indésirables", "pourriel", "pourriels", // fr
		"correo no deseado", "correo basura", "no deseado", // es
		"posta indesiderata", "indesiderata", // it
		"lixo eletrônico", "lixo electrónico", "lixo eletrónico", // pt
		"ongewenste e-mail", "ongewenst", // nl
		"wiadomości-śmieci", "niechciane", // pl
		"skräppost", "uønsket e-post", "søppelpost", "uønsket post", "roskaposti", // sv no da fi
		"nevyžádaná pošta", "спам", "нежелательная почта", // cs ru uk
	},
	mailbox.RoleArchive: {
		"archive", "archives", "archiv", "archivo", "archivio", "arquivo", "arquivo morto", "archief", "archiwum", "arkiv", "arkisto", "архив", "архів",
	},
}

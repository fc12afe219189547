/**
 * The pages: which path leads to which, and how they are grouped in the navigation.
 *
 * @module
 */

import type { ReadonlySignal } from "@preact/signals";
import type { ComponentType } from "preact";
import { PAGE_PATHS } from "../paths.ts";
import { AccessPage } from "./pages/access.tsx";
import { ApiPage } from "./pages/api.tsx";
import { BackupsPage } from "./pages/backups.tsx";
import { ConversationPage } from "./pages/conversation.tsx";
import { ConversationsPage } from "./pages/conversations.tsx";
import { ConnectPage } from "./pages/connect.tsx";
import { DocumentPage } from "./pages/document.tsx";
import { DocumentsPage } from "./pages/documents.tsx";
import { HomePage } from "./pages/home.tsx";
import { InsightsPage } from "./pages/insights.tsx";
import { MapPage } from "./pages/map.tsx";
import { MemoriesPage } from "./pages/memories.tsx";
import { MemoryPage } from "./pages/memory.tsx";
import { MovingPage } from "./pages/moving.tsx";
import { ReviewPage } from "./pages/review.tsx";
import { ServicePage } from "./pages/service.tsx";
import { TagsPage } from "./pages/tags.tsx";
import { TrashPage } from "./pages/trash.tsx";
import { isAdmin, isAdminOfAll } from "./store/caller.ts";
import type { MessageKey } from "./text.ts";

/** A page. */
export interface Route {
  title: MessageKey;
  page: ComponentType;
}

export const ROUTES: Record<typeof PAGE_PATHS[number], Route> = {
  "/": { title: "nav.home", page: HomePage },
  "/memories": { title: "nav.memories", page: MemoriesPage },
  "/memory": { title: "nav.memory", page: MemoryPage },
  "/conversations": { title: "nav.conversations", page: ConversationsPage },
  "/conversation": { title: "nav.conversation", page: ConversationPage },
  "/documents": { title: "nav.documents", page: DocumentsPage },
  "/document": { title: "nav.document", page: DocumentPage },
  "/insights": { title: "nav.insights", page: InsightsPage },
  "/map": { title: "nav.map", page: MapPage },
  "/review": { title: "nav.review", page: ReviewPage },
  "/tags": { title: "nav.tags", page: TagsPage },
  "/trash": { title: "nav.trash", page: TrashPage },
  "/moving": { title: "nav.moving", page: MovingPage },
  "/backups": { title: "nav.backups", page: BackupsPage },
  "/service": { title: "nav.service", page: ServicePage },
  "/access": { title: "nav.access", page: AccessPage },
  "/connect": { title: "nav.connect", page: ConnectPage },
  "/docs": { title: "nav.api", page: ApiPage },
};

/** What the navigation shows, in groups. */
export const NAVIGATION: readonly (readonly (typeof PAGE_PATHS[number])[])[] = [
  ["/", "/memories", "/conversations", "/documents"],
  ["/insights", "/map", "/review", "/tags"],
  ["/trash", "/moving", "/backups"],
  ["/connect", "/service", "/access", "/docs"],
];

/** What the navigation shows to some alone: others would find nothing to do there. */
export const SHOWN: Partial<Record<string, ReadonlySignal<boolean>>> = { "/moving": isAdmin, "/backups": isAdminOfAll };

/** The entry of the navigation that a page belongs to. */
export const SECTION: Partial<Record<string, string>> = {
  "/memory": "/memories",
  "/conversation": "/conversations",
  "/document": "/documents",
};

export const routeOf = (path: string): Route | undefined => (ROUTES as Record<string, Route>)[path];
